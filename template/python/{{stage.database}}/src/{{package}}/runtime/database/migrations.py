"""Migrations: numbered steps of the schema, those of each stage apart from all others.

Each stage has a table of its own that says how far its part of the schema has come. So it does not
matter in which order stages were added, and what one has left behind is in nobody's way.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from psycopg.errors import LockNotAvailable
from sqlalchemy import Column, Connection, MetaData, Select, String, Table, inspect, literal, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .engine import LOCK_SECONDS
from .failures import is_unavailable, reason

NONE = "0000"
OWN = "app"
"""What the migrations of the service itself are called, beside the names of stages."""
VERSIONS = "_schema_version"
"""How the tables are called that say how far a part has come."""
LOCK = 0x7669_7363
"""Whoever migrates has this advisory lock of PostgreSQL."""
HELD = (
    f"another session has had the lock of migrations for {LOCK_SECONDS} s:"  # noqa: S608 - for people
    " if no replica migrates, SELECT pid, application_name, client_addr, state FROM"
    " pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND objid ="
    f" {LOCK} AND granted AND datname = current_database() shows whose it is, and SELECT"
    " pg_terminate_backend(PID) ends it"
)

logging.getLogger("alembic").setLevel(logging.WARNING)  # each step gets one line, without its help


class MigrationError(Exception):
    """A migration has failed, or is missing; the message says which one, and why."""


class DamagedError(SQLAlchemyError):
    """Nobody here has written what a table says; the message does not repeat it."""


@dataclass(frozen=True)
class Part:
    """A part of the schema: the migrations of a stage, in their order."""

    name: str
    modules: Mapping[str, str]
    """Number → module."""

    @property
    def newest(self) -> str:
        return max(self.modules, default=NONE)

    def after(self, number: str) -> str | None:
        """Return the number of the migration that follows one."""
        return min((known for known in self.modules if known > number), default=None)

    def before(self, number: str) -> str:
        return max((known for known in self.modules if known < number), default=NONE)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it has: TABLES, beside its migrations."""
        return tuple(name for module in self._packages for name in getattr(module, "TABLES", ()))

    @property
    def awaited(self) -> str:
        """What is to come into its empty tables by another command than `db import`."""
        found = (getattr(module, "awaited", str)() for module in self._packages)
        return next(filter(None, found), "")

    @property
    def _packages(self) -> list[ModuleType]:
        names = {module.rpartition(".")[0] for module in self.modules.values()}
        return [import_module(name) for name in sorted(names)]

    @property
    def table(self) -> Table:
        """The table with the number of the newest migration that was applied."""
        column = Column("version_num", String(32), primary_key=True)
        return Table(f"{self.name}{VERSIONS}", MetaData(), column)


@dataclass(frozen=True)
class State:
    """How far a part of the schema of a database has come."""

    part: Part
    number: str

    @property
    def is_missing(self) -> bool:
        """Whether the database lacks migrations that this code has."""
        return self.number < self.part.newest

    @property
    def is_newer(self) -> bool:
        """Whether the database has migrations that this code lacks."""
        return self.number > self.part.newest

    def __str__(self) -> str:
        return f"{self.part.name}: {self.number} of {self.part.newest}"


def parts(package: str, stages: Mapping[str, ModuleType]) -> list[Part]:
    """Find the migrations of every stage and, after them, those of the service itself."""
    found = [_part(name, module.__name__, module) for name, module in stages.items()]
    own = _part(OWN, package, import_module(package))
    return [part for part in found if part.modules] + [own]


def _part(name: str, package: str, module: ModuleType) -> Part:
    modules = {}
    for directory in getattr(module, "__path__", ()):
        for path in Path(directory, "migrations").glob("[0-9][0-9][0-9][0-9]_*.py"):
            if path.name[:4] in modules:
                raise MigrationError(f"two migrations of {name} have the number {path.name[:4]}")
            modules[path.name[:4]] = f"{package}.migrations.{path.stem}"
    return Part(name, modules)


def states(connection: Connection, known: list[Part]) -> list[State]:
    """Return how far each part has come."""
    return [State(part, _number(connection, part)) for part in known]


def _number(connection: Connection, part: Part) -> str:
    if not inspect(connection).has_table(part.table.name):
        return NONE
    found = connection.execute(part.table.select()).scalar()
    if found is None:
        return NONE
    if not re.fullmatch("[0-9]{4}", str(found)):
        raise DamagedError(f"{part.table.name} is damaged: expected a number like {part.newest}")
    return str(found)


def applied(known: list[Part]) -> Select[int] | None:
    """Return a query that finds something if all migrations are applied; none if there are none."""
    having = [part for part in known if part.modules]
    if not having:
        return None
    numbers = [(select(part.table.c.version_num).scalar_subquery(), part.newest) for part in having]
    return select(literal(1)).where(*(found >= newest for found, newest in numbers))


def are_applied(connection: Connection, query: Select[int]) -> bool:
    """Ask the query of `applied`."""
    try:
        return connection.execute(query).first() is not None
    except SQLAlchemyError as error:
        if is_unavailable(error):
            raise
        return False  # a table is missing


def step(connection: Connection, part: Part) -> str:
    """Apply the next migration of a part, if there is one; return what was done."""
    with connection.begin():
        lock(connection)
        number = _number(connection, part)
        following = part.after(number)
        if following is None:
            return ""
        _run(connection, part, following, "upgrade")
        _note(connection, part, following)
    return f"migrated {part.name} to {following}"


def step_back(connection: Connection, part: Part, target: str) -> str:
    """Take back the newest migration of a part, if it is one after `target`."""
    with connection.begin():
        lock(connection)
        number = _number(connection, part)
        if number <= target:
            return ""
        if number not in part.modules:
            raise MigrationError(
                f"{part.name} {number} is not in this code, which cannot take it back"
            )
        _run(connection, part, number, "downgrade")
        before = part.before(number)
        _note(connection, part, before)
    return f"took {part.name} back to {before}"


def _run(connection: Connection, part: Part, number: str, direction: str) -> None:
    # Imported late: it takes time, and is rarely needed.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    context = MigrationContext.configure(connection)
    try:
        with Operations.context(context):
            getattr(import_module(part.modules[number]), direction)()
    except Exception as error:
        raise MigrationError(f"{part.name} {number}: {reason(error)}") from error


def _note(connection: Connection, part: Part, number: str) -> None:
    """Write down how far a part has come; a part that is taken back leaves nothing."""
    if number == NONE:
        part.table.drop(connection)
        return
    part.table.create(connection, checkfirst=True)
    connection.execute(part.table.delete())
    connection.execute(part.table.insert().values(version_num=number))


def lock(connection: Connection) -> None:
    """Wait until nobody else migrates. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        try:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        except DBAPIError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise SQLAlchemyError(HELD) from error
            raise
