"""The columns of the table of jobs, and what differs in them between the databases.

SQLite keeps anything in any column. A row that nobody can work with is in no other's way.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    cast,
    func,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

READY, RUNNING, DEAD = "ready", "running", "dead"


class octets(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """Return a text of SQLite as bytes: it may be anything, and no UTF-8."""

    inherit_cache = True


@compiles(octets, "sqlite")
def _octets_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BLOB)"


@compiles(octets, "postgresql")
def _octets_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


class AnyText(TypeDecorator[str]):
    """A text that can be read whatever it is: one that cannot would hide all others."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return what is read in place of the column."""
        return type_coerce(octets(column), self)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return a text."""
        return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value


jobs = Table(
    "jobs",
    MetaData(),
    Column("id", AnyText, primary_key=True),
    Column("kind", AnyText),
    Column("payload", AnyText),
    Column("state", AnyText),
    Column("attempts", Integer),
    Column("run_at", BigInteger),
    Column("lease_until", BigInteger),
    Column("worker", AnyText),
    Column("reason", AnyText),
    Column("trace", AnyText),
    Column("created_at", BigInteger),
)
FREE = {"worker": None, "lease_until": None}


class now(FunctionElement[int]):  # noqa: N801 - a function of SQL
    """Return the time; the clocks of services may differ, that of the database is one."""

    inherit_cache = True
    type = BigInteger()


@compiles(now, "sqlite")
def _now_sqlite(*_: object, **__: object) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now, "postgresql")
def _now_postgresql(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)"


class key(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """Return what a row can be found by; in SQLite, an id may be NULL."""

    inherit_cache = True


@compiles(key, "sqlite")
def _key_sqlite(*_: object, **__: object) -> str:
    return "rowid"


@compiles(key, "postgresql")
def _key_postgresql(*_: object, **__: object) -> str:
    return "id"


class damage(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """Name a column whose value no worker can have written; NULL where there is none."""

    inherit_cache = True
    type = Text()


ATTEMPTS = "WHEN attempts NOT BETWEEN 0 AND 2147483646 THEN 'attempts'"
OF_SQLITE = (
    "WHEN typeof(attempts) <> 'integer' THEN 'attempts' WHEN typeof(payload) <> 'text' THEN"
    " 'payload' WHEN typeof(id) <> 'text' THEN 'id' WHEN typeof(trace) NOT IN ('text', 'null')"
    " THEN 'trace'"
)
"""What other databases do not let in."""


@compiles(damage, "sqlite")
def _damage_sqlite(*_: object, **__: object) -> str:
    return f"CASE {ATTEMPTS} {OF_SQLITE} END"


@compiles(damage, "postgresql")
def _damage_postgresql(*_: object, **__: object) -> str:
    return f"CASE {ATTEMPTS} END"


def is_over() -> ColumnElement[bool]:
    """Tell whether a lease is over; one that says nothing is."""
    return func.coalesce(cast(jobs.c.lease_until, BigInteger), 0) <= now()
