"""Stages with tables come and go in any order: no row is lost that nobody has dropped."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import Pristine, Ran, commit, git, viscaffold
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from samples import FULL

from scaffolder.verify import environments

pytestmark = pytest.mark.slow

TABLES = {"auth": "auth_users", "jobs": "jobs"}
"""The stages with tables, which all need the stage database for them."""

ROWS = {
    "auth_users": ("name, password, scopes", ("{}", "$argon2id$...", "[]")),
    "jobs": (
        "id, kind, payload, state, attempts, run_at, created_at",
        ("{}", "mail", "{{}}", "queued", "0", "0", "0"),
    ),
    "invoices": ("title", ("{}",)),
}
"""Table → columns, and values with a place for what makes a row one of its own."""

FATES = ("--drop-data --export", "--drop-data --no-export", "--keep-data")

MIGRATION = '''"""Invoices."""

from alembic import op


def upgrade() -> None:
    """Create the table."""
    op.execute("CREATE TABLE invoices (title TEXT)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE invoices")
'''


class Life(RuleBasedStateMachine):
    """A service whose owner adds and removes stages, and has tables of their own."""

    pristine: ClassVar[Pristine]

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="data-"))
        self.back = Path.cwd()
        self.root = self.home / "orders"
        self.rows: dict[str, set[str]] = {}
        """What each table has to hold that is there."""
        self.written: dict[str, tuple[Path, set[str]]] = {}
        """Stage → what was exported last."""
        self.count = 0

    @initialize(stages=st.sampled_from([("auth", "database", "jobs"), ("database", "jobs"), ()]))
    def start(self, stages: tuple[str, ...]) -> None:
        shutil.copytree(self.pristine(stages or ("database",)), self.root)
        os.chdir(self.root)
        self.own = self.root / "src/orders/migrations/0001_invoices.py"
        self.own.write_text(MIGRATION, encoding="utf-8")
        commit(self.root)
        self.migrate()
        for table in self.rows:
            self.insert(table)

    def teardown(self) -> None:
        os.chdir(self.back)
        shutil.rmtree(self.home)

    # --- What the owner does ---

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Do one of the things that change something now."""
        there = [name for name in ("jobs", "auth", "database") if name in self.stages]
        absent = [name for name in ("jobs", "auth", "database") if name not in there]
        back = [name for name in self.reached if name in self.written]
        acts: list[Callable[[], None]] = [
            *(partial(self.remove, name, fate) for fate in FATES for name in there),
            *(partial(self.add, name) for name in absent),
            *(partial(self.take_in, name) for name in back),
            *(partial(self.insert, table) for table in sorted(self.rows)),
        ]
        data.draw(st.sampled_from(acts))()

    def add(self, stage: str) -> None:
        self.done("add-stage", stage)
        self.migrate()

    def remove(self, stage: str, fate: str) -> None:
        self.count += 1
        place = self.home / f"export-{self.count}"
        gone = self.reached if stage == "database" else [s for s in self.reached if s == stage]
        words = [*fate.split(), *([str(place)] if fate.endswith("--export") else [])]
        self.done("remove-stage", stage, "--with-dependents", *words)
        for name in gone if "--drop-data" in words else ():
            rows = self.rows.pop(TABLES[name])
            if "--export" in words:
                self.written[name] = place, rows

    def take_in(self, stage: str) -> None:
        """Import what was exported last; what is there already is refused."""
        place, rows = self.written[stage]
        table = self.rows[TABLES[stage]]
        ran = self.db("import", str(place), stage)
        assert (ran.returncode == 0) == rows.isdisjoint(table), ran.stderr
        table |= rows

    def insert(self, table: str) -> None:
        self.count += 1
        columns, values = ROWS[table]
        row = [value.format(f"row-{self.count}") for value in values]
        places = ", ".join("?" * len(row))
        with self.database() as database:
            database.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)
        self.rows[table].add(f"row-{self.count}")

    # --- What always holds ---

    @invariant()
    def every_row_is_there(self) -> None:
        found: dict[str, set[str]] = {}
        with self.database() as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                if table in ROWS:
                    first = ROWS[table][0].partition(",")[0]
                    rows = database.execute(f"SELECT {first} FROM {table}")
                    found[table] = {name for (name,) in rows.fetchall()}
        assert found == self.rows

    # --- With what ---

    @property
    def stages(self) -> list[str]:
        return list(viscaffold("status", "--json").json()["stages"])

    @property
    def reached(self) -> list[str]:
        """The stages whose tables the service reaches."""
        stages = self.stages
        return [name for name in TABLES if {name, "database"} <= {*stages}]

    def done(self, *words: str) -> Ran:
        ran = viscaffold(*words)
        assert ran.code == 0, ran.err
        git(self.root, "commit", "--quiet", "--allow-empty", "--message", " ".join(words))
        return ran

    def migrate(self) -> None:
        if "database" not in self.stages:
            return
        ran = self.db("upgrade")
        assert ran.returncode == 0, ran.stderr
        for table in ["invoices", *(TABLES[name] for name in self.reached)]:
            self.rows.setdefault(table, set())

    def db(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "orders", "db", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root / "src")},
            text=True,
            capture_output=True,
            check=False,
        )

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        (self.root / "data").mkdir(exist_ok=True)
        with closing(sqlite3.connect(self.root / "data/database.db")) as database, database:
            yield database


def test_no_row_is_lost_that_nobody_dropped(
    pristine: Pristine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its environment is that of the tests: to make one for each set of stages would take minutes.
    @contextmanager
    def ready(*_: object) -> Iterator[Path]:
        yield Path(sys.prefix)

    monkeypatch.setattr(environments, "ready", ready)
    Life.pristine = staticmethod(pristine)
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=6 if FULL else 3,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=checks,
        ),
    )
