"""What `db export` writes, `db import` reads: in each language, from and into both databases."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from databases import DONE, MISSING, USAGE, manage, starting
from running import Program
from samples import FULL
from served import wait_until

if TYPE_CHECKING:
    from postgresql_server import Server

REFUSED = 5
TEXT = 'Zoë "ß"\\ \n\t\u0001\x7f\u2028😀 '
LARGE = 2**63 - 1
ODD = '100% "odd"'

AT, KEY = "2026-11-27 20:47:02.500000", "550e8400e29b41d4a716446655440000"
LONG_AGO = "1969-12-31 23:59:59.000000"
THINGS: Sequence[Sequence[Any]] = (
    (-LARGE - 1, None, None, None, None, None, None, None, 2, None, None, None),
    (1, TEXT, b"\0\xff\n", True, 0.1, "12.5", AT, "2026-11-27", None, 7, KEY, AT),
    (2, "", b"", False, 1e-5, "-3", LONG_AGO, "0001-01-01", 1, -(2**31), None, LONG_AGO),
    (3, "null", b">", None, 1e16, "0", None, None, 3, 0, None, None),
    (LARGE, "'", b"\xff>", None, 1.7976931348623157e308, "123456789012.34", *[None] * 6),
)
ROWS: dict[str, Sequence[Sequence[Any]]] = {
    "auth_users": [("ada", "$argon2id$v=19$m=1$c2FsdA$aGFzaA", '["read","write"]')],
    "jobs": [
        ("a1", "mail", '{"to": "ada"}', "ready", 0, 1, None, None, None, None, 1764276422123),
        ("b2", "mail", "null", "dead", 3, 2, 3, "w", "it \u2028failed", "00-1-2-01", 4),
    ],
    "things": THINGS,
    "words": [("Z", 1), ("a", None), ("é", 3), ("😀", LARGE)],
    "loose": [(None,), ("same",), ("same",)],
    "more": [],
}
A_FEW = {
    "app/things.jsonl": (
        '{"id":-9223372036854775808,"title":null,"data":null,"flag":null,"weight":null,'
        '"price":null,"at":null,"day":null,"parent":2,"100% \\"odd\\"":null,"key":null,'
        '"moment":null}\n'
        '{"id":1,"title":"Zoë \\"ß\\"\\\\ \\n\\t\\u0001\x7f\u2028😀 ",'
        '"data":{"base64":"AP8K"},"flag":true,"weight":{"float":"0.1"},"price":"12.5",'
        '"at":"2026-11-27 20:47:02.500000","day":"2026-11-27","parent":null,"100% \\"odd\\"":7,'
        '"key":"550e8400e29b41d4a716446655440000","moment":"2026-11-27 20:47:02.500000"}\n'
        '{"id":2,"title":"","data":{"base64":""},"flag":false,"weight":{"float":"1e-5"},'
        '"price":"-3","at":"1969-12-31 23:59:59.000000","day":"0001-01-01","parent":1,'
        '"100% \\"odd\\"":-2147483648,"key":null,"moment":"1969-12-31 23:59:59.000000"}\n'
        '{"id":3,"title":"null","data":{"base64":"Pg=="},"flag":null,"weight":{"float":"1e16"},'
        '"price":"0","at":null,"day":null,"parent":3,"100% \\"odd\\"":0,"key":null,'
        '"moment":null}\n'
        '{"id":9223372036854775807,"title":"\'","data":{"base64":"/z4="},"flag":null,'
        '"weight":{"float":"1.7976931348623157e308"},"price":"123456789012.34","at":null,'
        '"day":null,"parent":null,"100% \\"odd\\"":null,"key":null,"moment":null}\n'
    ).encode(),
    "app/words.jsonl": (
        '{"word":"Z","thing":1}\n{"word":"a","thing":null}\n{"word":"é","thing":3}\n'
        '{"word":"😀","thing":9223372036854775807}\n'
    ).encode(),
    "app/loose.jsonl": b'{"note":null}\n{"note":"same"}\n{"note":"same"}\n',
    "app/more.jsonl": b"",
    "auth/auth_users.jsonl": (
        b'{"name":"ada","password":"$argon2id$v=19$m=1$c2FsdA$aGFzaA",'
        b'"scopes":"[\\"read\\",\\"write\\"]"}\n'
    ),
    "jobs/jobs.jsonl": (
        '{"id":"a1","kind":"mail","payload":"{\\"to\\": \\"ada\\"}","state":"ready","attempts":0,'
        '"run_at":1,"lease_until":null,"worker":null,"reason":null,"trace":null,'
        '"created_at":1764276422123}\n'
        '{"id":"b2","kind":"mail","payload":"null","state":"dead","attempts":3,"run_at":2,'
        '"lease_until":3,"worker":"w","reason":"it \u2028failed","trace":"00-1-2-01",'
        '"created_at":4}\n'
    ).encode(),
}
VERSIONS = {"app": "0002", "auth": "0001", "jobs": "0001"}


def manifest(part: str, contents: Mapping[str, bytes | None], version: str = "") -> bytes:
    """Return what an export says of the files of a part."""
    tables = {
        Path(name).stem: {
            "rows": content.count(b"\n"),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in sorted(contents.items())
        if name.startswith(f"{part}/") and name.endswith(".jsonl") and content is not None
    }
    whole = {"version": version or VERSIONS[part], "tables": tables}
    return json.dumps(whole, indent=2).encode() + b"\n"


A_FEW |= {f"{part}/manifest.json": manifest(part, A_FEW) for part in VERSIONS}
"""What an export of these rows has to be, wherever it is from."""
COUNTS = [
    "1 row of auth_users",
    "2 rows of jobs",
    "4 rows of words",
    "5 rows of things",
    "3 rows of loose",
    "0 rows of more",
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(
    request: pytest.FixtureRequest, moving: Program, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database of each kind, with all tables, which stay empty."""
    if request.param == "sqlite":
        where = f"sqlite:{tmp_path_factory.mktemp('kept')}/orders.db"
    else:
        server: Server = request.getfixturevalue("postgresql_of_session")
        server.start()  # which a test before may have ended
        where = server.new_database("moved")
    assert manage(moving, where, "upgrade").status == DONE
    return where


@pytest.fixture
def url(kept: str) -> Iterator[str]:
    """A database of each kind, with all tables, which are empty again afterwards."""
    yield kept
    for table in reversed(ROWS):
        execute(kept, f"DELETE FROM {table}")


def execute(url: str, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> list[Any]:
    """Run a statement with each row of parameters; return what the last one found."""
    is_file = url.startswith("sqlite:")
    path = url.removeprefix("sqlite:")
    connection: Any = sqlite3.connect(path) if is_file else psycopg.connect(url)
    try:
        for row in rows:
            cursor = connection.execute(statement.replace("?", "?" if is_file else "%s"), row)
        found = cursor.fetchall() if cursor.description else []
        connection.commit()
    finally:
        connection.close()
    return list(found)


def fill(url: str) -> None:
    """Write the rows; of the things, those first that others refer to."""
    for table, rows in ROWS.items():
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            ordered = [rows[1], rows[2], rows[0], *rows[3:]] if rows is THINGS else rows
            execute(url, f"INSERT INTO {table} VALUES ({marks})", ordered)


def empty(moving: Program, url: str) -> None:
    """Make all tables anew."""
    for part in ("app", "auth", "jobs"):
        assert manage(moving, url, "downgrade", part).status == DONE
    assert manage(moving, url, "upgrade").status == DONE


def files(place: Path) -> dict[str, bytes]:
    found = (path for path in place.rglob("*") if not path.is_dir())
    return {str(path.relative_to(place)): path.read_bytes() for path in found}


def written(place: Path, changes: dict[str, bytes | None] | None = None) -> Path:
    """Write the files of an export, with these changes, which its manifest knows of."""
    rows: dict[str, bytes | None] = {
        name: content for name, content in A_FEW.items() if name.endswith("l")
    }
    rows |= {name: content for name, content in (changes or {}).items() if name in rows}
    manifests = {f"{part}/manifest.json": manifest(part, rows) for part in VERSIONS}
    for name, content in {**rows, **manifests, **(changes or {})}.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
    return place


def counts(url: str) -> list[int]:
    return [execute(url, f"SELECT count(*) FROM {table}")[0][0] for table in ROWS]


def test_an_export_has_every_row_in_one_form(moving: Program, url: str, tmp_path: Path) -> None:
    fill(url)
    place = tmp_path / "new" / "export"
    ran = manage(moving, url, "export", str(place))

    assert (ran.status, ran.error) == (DONE, "")
    assert ran.lines == [f"exported {each}" for each in COUNTS]
    assert files(place) == A_FEW
    modes = {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*") if path.is_file()}
    assert modes == {0o600}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (place, *place.iterdir())}
    assert modes == {0o700}


def test_an_import_brings_every_row_back(moving: Program, url: str, tmp_path: Path) -> None:
    ran = manage(moving, url, "import", str(written(tmp_path / "given")))

    assert (ran.status, ran.error) == (DONE, "")
    assert ran.lines == [f"imported {each}" for each in COUNTS]
    for table in ("auth_users", "jobs", "words"):
        assert execute(url, f"SELECT * FROM {table} ORDER BY 1") == list(map(tuple, ROWS[table]))
    found = execute(url, "SELECT id, title, data, weight, parent FROM things ORDER BY id")
    assert found == [(row[0], row[1], row[2], row[4], row[8]) for row in THINGS]
    assert manage(moving, url, "export", str(tmp_path / "again")).status == DONE
    assert files(tmp_path / "again") == A_FEW


def test_many_rows_go_and_come(moving: Program, url: str, tmp_path: Path) -> None:
    execute(
        url,
        "INSERT INTO jobs (id, kind, payload, state, attempts, run_at, created_at)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
        " SELECT CAST(i AS TEXT), 'mail', '{}', 'ready', 0, i, i FROM n",
    )
    assert manage(moving, url, "export", str(tmp_path / "one"), "jobs").lines == [
        "exported 10000 rows of jobs"
    ]
    empty(moving, url)
    assert manage(moving, url, "import", str(tmp_path / "one"), "jobs").lines == [
        "imported 10000 rows of jobs"
    ]
    assert manage(moving, url, "export", str(tmp_path / "two"), "jobs").status == DONE
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert set(files(tmp_path / "one")) == {"jobs/jobs.jsonl", "jobs/manifest.json"}


def test_a_table_that_no_part_lists_is_named(moving: Program, url: str, tmp_path: Path) -> None:
    execute(url, "CREATE TABLE forgotten (id INTEGER)")
    try:
        whole = manage(moving, url, "export", str(tmp_path / "whole"))
        part = manage(moving, url, "export", str(tmp_path / "part"), "jobs")
    finally:
        execute(url, "DROP TABLE forgotten")
    assert whole.lines[-1] == "not exported: forgotten, which no part lists in TABLES"
    assert (whole.status, part.lines) == (DONE, ["exported 0 rows of jobs"])


def test_what_is_there_is_not_written_over(moving: Program, url: str, tmp_path: Path) -> None:
    (tmp_path / "jobs").symlink_to("nowhere")
    ran = manage(moving, url, "export", str(tmp_path))

    assert (ran.status, ran.lines) == (REFUSED, [])
    there = f"{tmp_path}/jobs is there already: name another directory"
    assert ran.error == f"nothing was exported: {there}\n"
    assert not (tmp_path / "app").exists()


def test_a_killed_export_leaves_nothing_that_looks_whole(
    moving: Program, postgresql: "Server", tmp_path: Path
) -> None:
    url = postgresql.new_database("killed")
    assert manage(moving, url, "upgrade").status == DONE
    fill(url)
    place = tmp_path / "export"
    with psycopg.connect(url) as holding:
        holding.execute("LOCK TABLE loose")
        process = starting(moving, url, "export", str(place))
        wait_until(lambda: any(place.glob(".export-*/app/things.jsonl")), "nothing was written")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert [path.name[:8] for path in place.iterdir()] == [".export-"]
    assert manage(moving, url, "export", str(place)).status == DONE
    shutil.rmtree(next(place.glob(".export-*")))
    assert files(place) == A_FEW


def test_an_export_that_the_disk_does_not_hold_leaves_nothing(
    moving: Program, url: str, small_disk: Callable[[str], Path]
) -> None:
    execute(url, "INSERT INTO loose VALUES (?)", [("x" * 200_000,)])
    place = small_disk("size=64k")
    ran = manage(moving, url, "export", str(place), "app")

    assert (ran.status, ran.lines) == (REFUSED, [])
    assert ran.error.endswith("/app/loose.jsonl: No space left on device\n"), ran.error
    assert not list(place.iterdir())


def test_an_export_shows_one_moment(moving: Program, postgresql: "Server", tmp_path: Path) -> None:
    url = postgresql.new_database("moment")
    assert manage(moving, url, "upgrade").status == DONE
    fill(url)
    place = tmp_path / "export"
    with psycopg.connect(url) as holding:
        holding.execute("LOCK TABLE loose")
        process = starting(moving, url, "export", str(place))
        wait_until(lambda: any(place.glob(".export-*/app/things.jsonl")), "nothing was written")
        holding.execute("INSERT INTO loose VALUES ('later')")
        holding.execute("INSERT INTO more VALUES (1)")
    process.communicate(timeout=60)
    assert (process.returncode, files(place)) == (DONE, A_FEW)


def _line(name: str, number: int, change: tuple[str, str]) -> dict[str, bytes | None]:
    lines = A_FEW[name].decode().split("\n")
    before, after = change
    assert before in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(before, after, 1)
    return {name: "\n".join(lines).encode()}


WORDS, MANIFEST = "app/words.jsonl", "app/manifest.json"
AS_IT_IS = "to import the file as it is, take words out of manifest.json"
DAMAGES: dict[str, tuple[dict[str, bytes | None], str]] = {
    "a missing file": ({WORDS: None}, "DIR/app/words.jsonl is missing"),
    "no manifest": ({MANIFEST: None}, "DIR/app/manifest.json is missing"),
    "another file": (
        {"app/orders.jsonl": b""},
        "DIR/app has a file of no table of app",
    ),
    "a table of no file": (
        {MANIFEST: manifest("app", {**A_FEW, "app/orders.jsonl": b""})},
        "DIR/app has a file of no table of app",
    ),
    "a manifest that is none": (
        {MANIFEST: b'{"version":"0002","tables":{"words":{"rows":-1,"sha256":""}}}'},
        "DIR/app/manifest.json is no manifest of an export",
    ),
    "a manifest without an end": (
        {MANIFEST: A_FEW[MANIFEST][:-3]},
        "DIR/app/manifest.json is no manifest of an export",
    ),
    "a deep manifest": (
        {MANIFEST: b"[" * 100_000},
        "DIR/app/manifest.json is no manifest of an export",
    ),
    "no number": (
        {MANIFEST: manifest("app", A_FEW, "2\x1b[2J")},
        "DIR/app/manifest.json names no version",
    ),
    "an older version": (
        {MANIFEST: manifest("app", A_FEW, "0001")},
        "DIR/app is of app 0001, and the database has 0002: COMMAND downgrade app 0001",
    ),
    "a newer version": (
        {MANIFEST: manifest("app", A_FEW, "0003")},
        "DIR/app is of app 0003, and the database has 0002: this code does not know that version",
    ),
    "a file that was cut at the end of a line": (
        {MANIFEST: A_FEW[MANIFEST], WORDS: b"".join(A_FEW[WORDS].splitlines(keepends=True)[:2])},
        f"DIR/app/words.jsonl, line 3: it is missing, for the export had 4 rows; {AS_IT_IS}",
    ),
    "an empty file": (
        {MANIFEST: A_FEW[MANIFEST], WORDS: b""},
        "DIR/app/words.jsonl, line 1: it is missing, for the export had 4 rows;",
    ),
    "a line that was added": (
        {MANIFEST: A_FEW[MANIFEST], WORDS: A_FEW[WORDS] + b'{"word":"new","thing":null}\n'},
        "DIR/app/words.jsonl, line 5: it was added, for the export had 4 rows;",
    ),
    "a line that was changed": (
        {MANIFEST: A_FEW[MANIFEST], **_line("app/words.jsonl", 1, ("Z", "Y"))},
        "DIR/app/words.jsonl has been changed since its export;",
    ),
    "no JSON": (_line(WORDS, 2, ("}", "")), "DIR/app/words.jsonl, line 2: that is no JSON"),
    "not UTF-8": (
        {WORDS: b'{"word":"\xff","thing":1}\n'},
        "DIR/app/words.jsonl, line 1: that is no JSON",
    ),
    "NaN": (_line(WORDS, 1, ("1", "NaN")), "DIR/app/words.jsonl, line 1: that is no JSON"),
    "deep": (
        {WORDS: b"[" * 100_000 + b"\n"},
        "DIR/app/words.jsonl, line 1: that is no JSON",
    ),
    "no object": (
        {WORDS: b"[1]\n"},
        "DIR/app/words.jsonl, line 1: that is no object of JSON",
    ),
    "an end of a line that is missing": (
        {WORDS: A_FEW[WORDS].rstrip()},
        "DIR/app/words.jsonl, line 4: the end of the line is missing",
    ),
    "an unknown column": (
        _line(WORDS, 3, ("thing", "secret")),
        "DIR/app/words.jsonl, line 3: it has a column that the table does not have",
    ),
    "a column twice": (
        _line(WORDS, 3, ("thing", "word")),
        "DIR/app/words.jsonl, line 3: it has the column word twice",
    ),
    "a missing column": (
        _line(WORDS, 3, (',"thing":3', "")),
        "DIR/app/words.jsonl, line 3: the column thing is missing",
    ),
    "a fraction": (
        _line(WORDS, 1, ("1", "1.5")),
        "DIR/app/words.jsonl, line 1: the column thing has a value of no known form",
    ),
    "a number that is too large": (
        _line(WORDS, 1, ("1", "9223372036854775808")),
        "DIR/app/words.jsonl, line 1: the column thing has a value of no known form",
    ),
    "bytes that are none": (
        _line("app/things.jsonl", 2, ("AP8K", "AP8")),
        "DIR/app/things.jsonl, line 2: the column data has a value of no known form",
    ),
    "an array": (
        _line(WORDS, 1, ("1", "[1]")),
        "DIR/app/words.jsonl, line 1: the column thing has a value of no known form",
    ),
    "the same key twice": (
        _line(WORDS, 2, ('"a"', '"Z"')),
        "DIR/app/words.jsonl, line 2: there is a row with its key",
    ),
    "a value of another type": (
        _line(WORDS, 1, ("1", "true")),
        "DIR/app/words.jsonl, line 1: the table ",
    ),
    "a decimal that would be rounded": (
        _line("app/things.jsonl", 2, ("12.5", "12345678901234567.125")),
        "DIR/app/things.jsonl, line 2: the table would change a value",
    ),
    "a reference to nothing": (
        _line(WORDS, 1, ("1", "99")),
        "rows of words refer to rows that are not there",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kept", ["sqlite", *(["postgresql"] if FULL else [])], indirect=True)
def test_what_cannot_be_imported_is_named_and_nothing_changes(
    moving: Program, kept: str, tmp_path: Path, damage: str
) -> None:
    changes, sentence = DAMAGES[damage]
    place = written(tmp_path / "given", changes)
    ran = manage(moving, kept, "import", str(place))

    command = {"python": "python -m orders db", "rust": "orders db"}[moving.language]
    sentence = sentence.replace("DIR", str(place)).replace("COMMAND", command)
    assert (ran.status, ran.lines) == (REFUSED, [])
    assert ran.error.startswith(f"nothing was imported: {sentence}"), ran.error
    assert counts(kept) == [0] * len(ROWS)


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "part"])
def test_only_regular_files_are_read(moving: Program, tmp_path: Path, kind: str) -> None:
    url = f"sqlite:{tmp_path}/orders.db"
    assert manage(moving, url, "upgrade").status == DONE
    place = written(tmp_path / "given")
    path = place / WORDS
    if kind == "part":
        path = place / "app"
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
    if kind == "link":
        path.symlink_to(place / "app" / "loose.jsonl")
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    ran = manage(moving, url, "import", str(place))

    sentence = f"{path} is no {'directory' if kind == 'part' else 'regular file'}"
    assert (ran.status, ran.error) == (REFUSED, f"nothing was imported: {sentence}\n")


def test_rows_that_are_there_stay_and_are_named(moving: Program, url: str, tmp_path: Path) -> None:
    place = written(tmp_path / "given")
    assert manage(moving, url, "import", str(place), "jobs").status == DONE
    execute(url, "DELETE FROM jobs WHERE id = 'a1'")
    ran = manage(moving, url, "import", str(place), "jobs")
    error = f"nothing was imported: {place}/jobs/jobs.jsonl, line 2: there is a row with its key\n"
    assert (ran.status, ran.error) == (REFUSED, error)
    assert execute(url, "SELECT id FROM jobs") == [("b2",)]

    execute(url, "INSERT INTO loose VALUES ('here')")
    ran = manage(moving, url, "import", str(place), "app")
    error = "the table has rows, and no primary key to tell them apart"
    assert ran.error == f"nothing was imported: {place}/app/loose.jsonl: {error}\n"


def test_numbers_that_the_server_gives_go_on_after_those_of_an_import(
    moving: Program, postgresql: "Server", tmp_path: Path
) -> None:
    url = postgresql.new_database("counted")
    assert manage(moving, url, "upgrade").status == DONE
    execute(url, "ALTER TABLE more ALTER id ADD GENERATED ALWAYS AS IDENTITY")
    place = written(tmp_path / "given", {"app/more.jsonl": b'{"id":41}\n'})
    assert manage(moving, url, "import", str(place)).status == DONE
    execute(url, "INSERT INTO more DEFAULT VALUES")
    assert execute(url, "SELECT id FROM more ORDER BY id") == [(41,), (42,)]


def test_an_import_into_an_older_schema(moving: Program, url: str, tmp_path: Path) -> None:
    former = {name: None if name == "app/more.jsonl" else A_FEW[name] for name in A_FEW}
    older = {MANIFEST: manifest("app", former, "0001"), "app/more.jsonl": None}
    place = written(tmp_path / "given", older)
    (place / "app" / "more.jsonl").unlink(missing_ok=True)
    assert manage(moving, url, "downgrade", "app", "1").status == DONE
    ran = manage(moving, url, "import", str(place), "app")
    assert (ran.status, ran.error) == (DONE, "")
    assert manage(moving, url, "upgrade").status == DONE
    assert counts(url)[2:] == [5, 4, 3, 0]


def test_an_export_without_a_manifest_is_read_as_it_is(
    moving: Program, url: str, tmp_path: Path
) -> None:
    """Those of viscaffold 0.10 have the version alone."""
    place = written(tmp_path / "given", {f"{part}/manifest.json": None for part in VERSIONS})
    for part, version in VERSIONS.items():
        (place / part / "version").write_text(f"{version}\n", encoding="ascii")
    ran = manage(moving, url, "import", str(place))
    assert (ran.status, ran.error) == (DONE, "")
    assert ran.lines == [f"imported {each}" for each in COUNTS]


def test_a_table_that_the_manifest_does_not_know_is_read_as_it_is(
    moving: Program, url: str, tmp_path: Path
) -> None:
    rows = {name: content for name, content in A_FEW.items() if name not in (WORDS, MANIFEST)}
    place = written(tmp_path / "given", {WORDS: b"", MANIFEST: manifest("app", rows)})
    assert manage(moving, url, "import", str(place)).lines[2] == "imported 0 rows of words"


TIMES = {
    "2026-11-27T20:47:02.5Z": "2026-11-27 20:47:02.500000",
    "2026-11-27 20:47": "2026-11-27 20:47:00.000000",
    "2026-12-31t23:30:01.250 -01:30": "2027-01-01 01:00:01.250000",
    "2024-03-01 00:30:00+0100": "2024-02-29 23:30:00.000000",
    "2026-11-27": "2026-11-27 00:00:00.000000",
    "2026-11-27 20:47:02.1234560000": "2026-11-27 20:47:02.123456",
}
"""Forms that SQLite keeps, and the one that PostgreSQL has."""


def test_times_in_any_form_come_into_postgresql(
    moving: Program, postgresql: "Server", tmp_path: Path
) -> None:
    here, there = f"sqlite:{tmp_path}/orders.db", postgresql.new_database("times")
    for url in (here, there):
        assert manage(moving, url, "upgrade").status == DONE
    # One of the columns has a zone in PostgreSQL, the other has none.
    rows = [(number, time, time) for number, time in enumerate(TIMES)]
    execute(here, 'INSERT INTO things (id, at, moment, "100% ""odd""") VALUES (?, ?, ?, 0)', rows)
    for name, from_, to in (("one", here, there), ("two", here, f"sqlite:{tmp_path}/other.db")):
        assert manage(moving, to, "upgrade").status == DONE
        assert manage(moving, from_, "export", str(tmp_path / name), "app").status == DONE
        ran = manage(moving, to, "import", str(tmp_path / name), "app")
        assert (ran.status, ran.error) == (DONE, "")
    same = execute(f"sqlite:{tmp_path}/other.db", "SELECT id, at, moment FROM things ORDER BY id")
    assert same == rows, "what SQLite kept, it keeps"
    assert manage(moving, there, "export", str(tmp_path / "back"), "app").status == DONE
    lines = (tmp_path / "back" / "app" / "things.jsonl").read_text(encoding="utf-8").splitlines()
    found = [(json.loads(line)["at"], json.loads(line)["moment"]) for line in lines]
    assert found == [(time, time) for time in TIMES.values()]


@pytest.mark.parametrize("time", ["tomorrow", "1764276422", "2026-11-27 20:47:02.1234567"])
def test_a_time_that_is_none_does_not_come_into_postgresql(
    moving: Program, postgresql: "Server", tmp_path: Path, time: str
) -> None:
    url = postgresql.new_database("none")
    assert manage(moving, url, "upgrade").status == DONE
    change = _line("app/things.jsonl", 2, ("2026-11-27 20:47:02.500000", time))
    ran = manage(moving, url, "import", str(written(tmp_path / "given", change)), "app")
    assert ran.status == REFUSED
    assert f"{tmp_path}/given/app/things.jsonl, line 2: the table " in ran.error


def test_tables_that_are_not_there_yet(moving: Program, tmp_path: Path) -> None:
    place = str(written(tmp_path / "given"))
    (tmp_path / "orders.db").touch()
    for words in (["export", str(tmp_path / "new")], ["import", place], ["import", place, "jobs"]):
        ran = manage(moving, f"sqlite:{tmp_path}/orders.db", *words)
        assert (ran.status, ran.lines) == (MISSING, [])
        assert ran.error.startswith("migrations are missing ("), ran.error
    assert not (tmp_path / "new").exists()


def test_a_part_that_declares_no_tables_is_not_exported(asking: Program, tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/orders.db"
    assert manage(asking, url, "upgrade").status == DONE
    for words in ([], ["ledger"]):
        ran = manage(asking, url, "export", str(tmp_path / "new"), *words)
        sentence = "ledger declares no tables: list them in TABLES, beside its migrations"
        assert (ran.status, ran.error) == (REFUSED, f"nothing was exported: {sentence}\n")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("words", ["export", "import", "export DIR ../app", "import DIR app more"])
def test_wrong_arguments_are_refused(moving: Program, tmp_path: Path, words: str) -> None:
    ran = manage(moving, f"sqlite:{tmp_path}/orders.db", *words.split())

    assert ran.status == USAGE
    assert "usage: " in ran.error
