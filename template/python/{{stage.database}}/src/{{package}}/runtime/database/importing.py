"""Reads the tables of parts of the schema from the files of an export: all of them, or nothing."""

import os
import re
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psycopg
from sqlalchemy import Connection, exc

from . import migrations, rows, tables
from .address import Address
from .connected import connected
from .constraints import checked_last, count_on
from .exporting import SUFFIX, counted
from .failures import is_unavailable, reason
from .manifest import FORMER, MANIFEST, Content, Counter, Manifest, parsed
from .migrations import Part, State
from .rows import Value
from .tables import Refused, Table

ROWS, PARAMETERS, BYTES = 100, 10_000, 2**20
"""A statement has so many at most: what is written with it is in memory."""
LONGEST_MANIFEST = 2**20
KEY_TAKEN = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    place: str
    values: list[Value]
    size: int


@dataclass(frozen=True)
class Source:
    """The file of a table."""

    table: Table
    path: Path
    exported: Content | None
    """What it is to have, as far as the manifest says so."""

    def require(self, found: Content) -> None:
        """Raise Refused for a file that is not what was exported."""
        if self.exported in (found, None):
            return
        rows = self.exported.rows
        as_it_is = f"to import the file as it is, take {self.table.name} out of {MANIFEST}"
        if found.rows == rows:
            raise Refused(f"{self.path} has been changed since its export; {as_it_is}")
        line = f"{self.path}, line {min(found.rows, rows) + 1}"
        how = "it is missing" if found.rows < rows else "it was added"
        raise Refused(f"{line}: {how}, for the export had {counted(rows)}; {as_it_is}")


async def import_(address: Address, known: list[Part], directory: Path, wait: float) -> list[str]:
    """Write all rows of the files into the tables, in one transaction; return what was done."""
    async with connected(address, wait, limit=None, writes=True) as connection:
        try:
            return await connection.run_sync(_import, known, directory)
        except OSError as error:
            raise Refused(reason(error)) from error


def _import(connection: Connection, known: list[Part], directory: Path) -> list[str]:
    with connection.begin():
        migrations.lock(connection)
        tables.prepare(connection)
        found: list[Source] = []
        for state in migrations.states(connection, known):
            of_part = tables.tables(connection, state)
            if not any(_has_rows(connection, table) for table in of_part):
                _require_not_awaited(state)
            found += _sources(directory / state.part.name, state, of_part)
        done = []
        with checked_last(connection, [source.table for source in found]):
            for source in found:
                count = _read(connection, source)
                done.append(f"imported {counted(count)} of {source.table.name}")
        for source in found:
            count_on(connection, source.table)
        return done


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.exec_driver_sql(f"{table.select} LIMIT 1").first() is not None


def _require_not_awaited(state: State) -> None:
    """Raise Refused if rows of this import would hide what another command is to bring."""
    try:
        awaited = state.part.awaited
    except Exception as error:  # a stage's own: a file that is damaged, a setting that is wrong
        awaited = str(error)
    if awaited:
        raise Refused(awaited)


def _sources(place: Path, state: State, of_part: list[Table]) -> list[Source]:
    """Return the files of a part, which are all there, and go with its tables."""
    if not stat.S_ISDIR(_mode(place)):
        raise Refused(f"{place} is no directory")
    path = place / MANIFEST
    if not os.path.lexists(path) and os.path.lexists(place / FORMER):
        path = place / FORMER
    manifest = _manifest(path)
    version = manifest.version
    if version != state.number:
        raise Refused(
            f"{place} is of {state.part.name} {version}, and the database has {state.number}:"
            f" {_way(state, version)}"
        )
    paths = {table.name: place / f"{table.name}{SUFFIX}" for table in of_part}
    is_of_another = manifest.tables.keys() - paths.keys()
    if is_of_another or {*place.iterdir()} - {*paths.values(), path}:
        raise Refused(f"{place} has a file of no table of {state.part.name}")
    for each in paths.values():
        _opened(each).close()
    return [Source(table, paths[table.name], manifest.tables.get(table.name)) for table in of_part]


def _manifest(path: Path) -> Manifest:
    with _opened(path) as file:
        written = file.read(LONGEST_MANIFEST)
    try:
        is_former = path.name == FORMER
        found = Manifest(written.decode().strip(), {}) if is_former else parsed(written)
    except ValueError as error:
        raise Refused(f"{path} is no manifest of an export") from error
    if not re.fullmatch("[0-9]{4}", found.version):
        raise Refused(f"{path} names no version")
    return found


def _way(state: State, version: str) -> str:
    """Say how the database comes to the version of an export."""
    command = f"python -m {__name__.partition('.')[0]} db"
    if version not in state.part.modules:
        return "this code does not know that version"
    if version > state.number:
        return f"{command} upgrade"
    return f"{command} downgrade {state.part.name} {version}"


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError as error:
        raise Refused(f"{path} is missing") from error


def _opened(path: Path) -> BinaryIO:
    """Open a file that is one: what waits or leads elsewhere is not read."""
    if not stat.S_ISREG(_mode(path)):
        raise Refused(f"{path} is no regular file")
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _read(connection: Connection, source: Source) -> int:
    """Write the rows of a file into its table; return how many there are."""
    table, path = source.table, source.path
    has_key = any(column.key for column in table.columns)
    if not has_key and _has_rows(connection, table):
        raise Refused(f"{path}: the table has rows, and no primary key to tell them apart")
    counter = Counter()
    most = min(ROWS, max(1, PARAMETERS // len(table.columns)))
    waiting: list[Row] = []
    for row in _rows(path, table.names, counter):
        waiting.append(row)
        if len(waiting) == most or sum(each.size for each in waiting) > BYTES:
            _insert(connection, table, waiting)
            waiting = []
    if waiting:
        _insert(connection, table, waiting)
    source.require(counter.content)
    return counter.count


def _rows(path: Path, names: list[str], counter: Counter) -> Iterator[Row]:
    with _opened(path) as file:
        for line in file:
            counter.add(line)
            place = f"{path}, line {counter.count}"
            try:
                yield Row(place, rows.values(line, names), len(line))
            except ValueError as error:
                raise Refused(f"{place}: {error}") from error


def _insert(connection: Connection, table: Table, asked: list[Row]) -> None:
    """Write some rows, each of which has to come back as it was; name the one that cannot be."""
    parameters = [value for row in asked for value in table.parameters(row.values)]
    try:
        with connection.begin_nested():
            statement = connection.exec_driver_sql(table.insert(len(asked)), tuple(parameters))
            kept = {table.line(table.read(found)) for found in statement}
    except exc.DBAPIError as error:
        if is_unavailable(error):
            raise
        if len(asked) == 1:
            raise Refused(f"{asked[0].place}: {_why(error)}") from error
        middle = len(asked) // 2
        _insert(connection, table, asked[:middle])
        _insert(connection, table, asked[middle:])
        return
    for row in asked:
        if table.line(row.values) not in kept:
            raise Refused(f"{row.place}: the table would change a value")


def _why(error: exc.DBAPIError) -> str:
    """Say why the table does not take a row, but not what is in it."""
    cause = error.orig
    code = cause.sqlite_errorcode if isinstance(cause, sqlite3.Error) else None
    if isinstance(cause, psycopg.errors.UniqueViolation) or code in KEY_TAKEN:
        return "there is a row with its key"
    if code and code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return str(cause)
    if isinstance(cause, psycopg.IntegrityError):
        return reason(error)
    return "the table does not take a value"
