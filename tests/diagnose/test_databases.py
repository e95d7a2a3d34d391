"""Databases of SQLite whose schema is newer than the program."""

import pytest
from recorded import File, case

from examples import py
from scaffolder.diagnose.verdict.judge import judge

ASKS = "import sqlite3\nversion = db.execute('PRAGMA user_version').fetchone()[0]\nSTEPS[version]\n"
OPENS = (
    "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\n"
    "C\t1\t7\t7\topenat\t3\tp=/data/t.db\tx=2\nX\t2\t7\t1\t0"
)


def database(version: int, magic: bytes = b"SQLite format 3\0") -> File:
    return File(magic + bytes(44) + version.to_bytes(4, "big") + bytes(36))


@pytest.mark.parametrize(
    ("source", "log", "file", "is_told"),
    [
        (ASKS, "KeyError: 8", database(8), True),
        (ASKS, "", database(8), True),
        (ASKS, "startup failed", database(8), True),
        (ASKS, "KeyError: 'sku'", database(8), False),
        (ASKS, "KeyError: 8", database(0), False),
        (ASKS, "KeyError: 8", database(8, b"SQLite format 2\0"), False),
        (ASKS.replace("user_version", "journal_mode"), "KeyError: 8", database(8), False),
        (ASKS, "KeyError: 8", File(b"SQLite format 3\0"), False),
    ],
    ids=["over it", "silent", "vague", "another", "none", "no database", "not asked", "cut"],
)
def test_the_version_of_a_schema_is_told_that_a_program_ended_over(
    source: str, log: str, file: File, *, is_told: bool
) -> None:
    example = py(source, log=log, exit_code=1, files={"/data/t.db": file})
    found = judge(case(**example, trace=OPENS))

    assert (found.cause == "schema-unknown") is is_told, found
    assert not is_told or "/data/t.db has the version 8 (user_version)" in found.text
