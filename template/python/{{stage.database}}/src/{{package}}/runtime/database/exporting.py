"""Writes the tables of parts of the schema into files, as they were at one moment."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from . import migrations, rows, tables
from .address import Address
from .connected import connected
from .failures import reason
from .manifest import MANIFEST, Content, Counter, Manifest
from .migrations import Part, State
from .tables import Refused, Table

SUFFIX = ".jsonl"
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
ROWS = 100
"""So many are in memory at once."""


async def export(
    address: Address, known: list[Part], directory: Path, wait: float, *, whole: bool
) -> list[str]:
    """Write a directory for each part; return what was done, and, of the whole, what was not.

    What is there is not touched, and a directory of a part is whole once it has its name.
    """
    async with connected(address, wait, limit=None, writes=False) as connection:
        try:
            return await connection.run_sync(_export, known, directory, whole)
        except OSError as error:
            raise Refused(reason(error)) from error


def _export(connection: Connection, known: list[Part], directory: Path, whole: bool) -> list[str]:
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(SNAPSHOT)
        tables.prepare(connection)
        states = migrations.states(connection, known)
        found = [(state, tables.tables(connection, state)) for state in states]
        for part in known:
            if os.path.lexists(directory / part.name):
                raise Refused(f"{directory / part.name} is there already: name another directory")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        done = []
        with tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as unfinished:
            for state, of_part in found:
                place = Path(unfinished, state.part.name)
                contents = _write_part(connection, place, state, of_part)
                for name, content in contents.items():
                    done.append(f"exported {counted(content.rows)} of {name}")
            for part in known:
                Path(unfinished, part.name).rename(directory / part.name)
        _sync(directory)
        if whole:
            listed = {name for part in known for name in part.tables}
            left = tables.unlisted(connection, listed)
            done += [f"not exported: {name}, which no part lists in TABLES" for name in left]
        return done


def _write_part(
    connection: Connection, place: Path, state: State, of_part: list[Table]
) -> dict[str, Content]:
    """Write the directory of a part; return what is in the files of its tables."""
    place.mkdir(mode=0o700)
    contents = {
        table.name: _write(place / f"{table.name}{SUFFIX}", _lines(connection, table))
        for table in of_part
    }
    manifest = Manifest(state.number, dict(sorted(contents.items())))
    _write(place / MANIFEST, [manifest.written()])
    _sync(place)
    return contents


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    streaming = {"stream_results": True, "yield_per": ROWS}
    found = connection.exec_driver_sql(table.select, execution_options=streaming)
    for row in found:
        yield rows.line(table.names, table.read(row))


def _write(path: Path, lines: Iterable[bytes]) -> Content:
    """Write a file that is on the disk afterwards; return what is in it."""
    counter = Counter()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for line in lines:
                file.write(line)
                counter.add(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
    return counter.content


def _sync(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def counted(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
