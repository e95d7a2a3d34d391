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
from .exporting import SUFFIX, VERSION, counted
from .failures import is_unavailable, reason
from .migrations import Part, State
from .rows import Value
from .tables import Refused, Table

ROWS, PARAMETERS, BYTES = 100, 10_000, 2**20
"""A statement has so many at most: what is written with it is in memory."""
KEY_TAKEN = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
CONSTRAINT = sqlite3.SQLITE_CONSTRAINT


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    place: str
    values: list[Value]
    size: int


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
        found: dict[Path, Table] = {}
        for state in migrations.states(connection, known):
            found |= _files(directory / state.part.name, state, tables.tables(connection, state))
        done = []
        with checked_last(connection, list(found.values())):
            for path, table in found.items():
                count = _read(connection, path, table)
                done.append(f"imported {counted(count)} of {table.name}")
        for table in found.values():
            count_on(connection, table)
        return done


def _files(place: Path, state: State, of_part: list[Table]) -> dict[Path, Table]:
    """Return the files of a part, which are all there, and go with its tables."""
    if not stat.S_ISDIR(_mode(place)):
        raise Refused(f"{place} is no directory")
    with _opened(place / VERSION) as file:
        version = file.read(100).decode(errors="replace").strip()
    if not re.fullmatch("[0-9]{4}", version):
        raise Refused(f"{place / VERSION} names no version")
    if version != state.number:
        raise Refused(
            f"{place} is of {state.part.name} {version}, and the database has {state.number}:"
            f" {_way(state, version)}"
        )
    found = {place / f"{table.name}{SUFFIX}": table for table in of_part}
    if {*place.iterdir()} - {*found, place / VERSION}:
        raise Refused(f"{place} has a file of no table of {state.part.name}")
    for path in found:
        _opened(path).close()
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


def _read(connection: Connection, path: Path, table: Table) -> int:
    """Write the rows of a file into its table; return how many there are."""
    if not table.has_key and connection.exec_driver_sql(table.select).first():
        raise Refused(f"{path}: the table has rows, and no primary key to tell them apart")
    count = 0
    most = min(ROWS, max(1, PARAMETERS // len(table.columns)))
    waiting: list[Row] = []
    for row in _rows(path, table.names):
        waiting.append(row)
        count += 1
        if len(waiting) == most or sum(each.size for each in waiting) > BYTES:
            _insert(connection, table, waiting)
            waiting = []
    if waiting:
        _insert(connection, table, waiting)
    return count


def _rows(path: Path, names: list[str]) -> Iterator[Row]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}, line {number}"
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
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return "there is a row with its key"
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode in KEY_TAKEN:
        return "there is a row with its key"
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF == CONSTRAINT:
        return str(cause)
    if isinstance(cause, psycopg.IntegrityError):
        return reason(error)
    return "the table does not take a value"
