"""`remove-stage --drop-data`: tables of a stage are written out and taken back, and no others."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import databases
import pytest
import running
import rust_services
from conftest import MakeService, commit, git, state, viscaffold

pytestmark = pytest.mark.slow

Rows = list[tuple[object, ...]]

JOBS: Rows = [
    (f"job-{number}", "mail", json.dumps({"to": "Zoë"}), "queued", number, number, None, None,
     None, None, 10**12 + number)
    for number in range(3)
]  # fmt: skip
INVOICES: Rows = [(1, "first"), (2, "second")]


class Kept:
    """A service with its database, in the directory that it is developed in."""

    def __init__(self, root: Path, language: str) -> None:
        self.root, self.language = root, language
        self.file = root / "data/database.db"

    def db(self, *words: str) -> str:
        """Run the service's own command, as its owner would."""
        if self.language == "rust":
            program = running.rust(rust_services.binary(("database", "jobs")))
        else:
            program = running.python(self.root)
        ran = subprocess.run(
            [*databases.command(program), *words],
            cwd=self.root,
            env={**os.environ, **program.variables},
            text=True,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def fill(self) -> None:
        """Migrate, and have rows of a stage and of the user's own."""
        self.db("upgrade")
        with closing(sqlite3.connect(self.file)) as database, database:
            database.executemany(f"INSERT INTO jobs VALUES ({', '.join('?' * 11)})", JOBS)
            database.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY, title TEXT)")
            database.executemany("INSERT INTO invoices VALUES (?, ?)", INVOICES)

    def rows(self, table: str) -> Rows:
        with closing(sqlite3.connect(self.file)) as database:
            return database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()

    def tables(self) -> set[str]:
        with closing(sqlite3.connect(self.file)) as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in found.fetchall()}


@pytest.fixture(params=["python", "rust"])
def kept(
    request: pytest.FixtureRequest, service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> Kept:
    if request.param == "rust":
        rust_services.require_cargo()
        monkeypatch.setenv("CARGO_BUILD_BUILD_DIR", str(rust_services.TARGET))
        monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    return Kept(service("database", "jobs", language=request.param), request.param)


def test_tables_are_written_out_and_taken_back_and_come_again(kept: Kept, tmp_path: Path) -> None:
    kept.fill()
    place = tmp_path / "backup"
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--export", str(place))

    assert ran.code == 0, ran.err
    assert kept.tables() == {"invoices"}
    assert kept.rows("invoices") == INVOICES
    written = (place / "jobs/jobs.jsonl").read_text(encoding="utf-8").splitlines()
    assert [tuple(json.loads(line).values()) for line in written] == JOBS
    assert f"db import {place} jobs\n" in ran.err

    undone = viscaffold("undo")
    assert f"db import {place} jobs\n" in undone.err
    kept.db("upgrade")
    kept.db("import", str(place), "jobs")
    assert kept.rows("jobs") == JOBS
    assert kept.rows("invoices") == INVOICES


def test_what_nobody_wants_is_written_nowhere(kept: Kept) -> None:
    kept.fill()
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--no-export")

    assert ran.code == 0, ran.err
    assert kept.tables() == {"invoices"}
    assert "  ! the tables of the stage jobs are gone\n" in ran.err


@pytest.mark.parametrize("is_there", [False, True], ids=["no database", "no tables"])
def test_what_was_never_made_keeps_no_stage(
    service: MakeService, tmp_path: Path, *, is_there: bool
) -> None:
    kept = Kept(service("database", "jobs"), "python")
    if is_there:
        kept.file.parent.mkdir(exist_ok=True)
        kept.file.touch()
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--export", str(tmp_path / "backup"))

    assert ran.code == 0, ran.err
    why = "migrations are missing (jobs: 0000 of 0001)" if is_there else "there is no file"
    assert "`db export " in ran.err
    assert f" had nothing to do:\n  {why}" in ran.err.replace(
        "setting DATABASE_URL leads to no database: ", ""
    )
    assert "to have what was in them again" not in ran.err
    assert not (kept.root / "src/orders/stages/jobs").exists()
    assert kept.file.exists() == is_there
    assert not (tmp_path / "backup").exists()


def test_a_stage_whose_tables_cannot_be_taken_back_stays(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(kept.root)
    monkeypatch.setenv("DATABASE_URL", "postgresql://orders:secret@127.0.0.1:1/orders")
    monkeypatch.setenv("DATABASE_WAIT_SECONDS", "1")
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--export", str(tmp_path / "backup"))

    assert ran.code == 5
    assert "the service cannot take its tables back, so they and the stage stay: " in ran.err
    assert "the database cannot be used: " in ran.err
    assert "secret" not in ran.err
    assert "--keep-data in place of --drop-data" in ran.err
    assert state(kept.root) == before
    assert not (tmp_path / "backup").exists()


def test_nothing_is_taken_back_where_an_export_is_in_the_way(
    service: MakeService, tmp_path: Path
) -> None:
    root = service("database", "jobs")
    before = state(root)
    (tmp_path / "backup/jobs").mkdir(parents=True)
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--export", str(tmp_path / "backup"))

    assert ran.code == 5
    assert f"{tmp_path}/backup/jobs is there already" in ran.err
    assert state(root) == before


def test_nothing_is_taken_back_where_the_stage_would_conflict(service: MakeService) -> None:
    root = service("database", "jobs")
    with (root / "src/orders/stages/jobs/settings.py").open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    commit(root)
    before = state(root)
    ran = viscaffold("remove-stage", "jobs", "--drop-data", "--no-export")

    assert ran.code == 5
    assert "an abort brings no data back:\n  src/orders/stages/jobs/settings.py\n" in ran.err
    assert state(root) == before
    assert git(root, "status", "--porcelain") == ""
