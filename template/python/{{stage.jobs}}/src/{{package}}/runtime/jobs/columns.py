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
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import Function

READY, RUNNING, DEAD = "ready", "running", "dead"


class InWords(Function[Any]):
    """What each database has words of its own for: those of WORDS."""

    inherit_cache = True


@compiles(InWords)
def _in_words(element: InWords, compiler: SQLCompiler, **options: Any) -> str:
    words = WORDS[compiler.dialect.name][element.name]
    return words.format(compiler.process(element.clauses, **options))


class AnyText(TypeDecorator[str]):
    """A text that can be read whatever it is: one that cannot would hide all others."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return what is read in place of the column."""
        return type_coerce(InWords("octets", column), self)

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

WORDS = {
    "sqlite": {
        "now": "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
        "key": "rowid",
        "damage": "CASE WHEN attempts NOT BETWEEN 0 AND 2147483646 OR typeof(attempts) <> 'integer'"
        " THEN 'attempts' WHEN typeof(payload) <> 'text' THEN 'payload' WHEN typeof(id) <> 'text'"
        " THEN 'id' WHEN typeof(trace) NOT IN ('text', 'null') THEN 'trace' END",
        "octets": "CAST({} AS BLOB)",
    },
    "postgresql": {
        "now": "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)",
        "key": "id",
        "damage": "CASE WHEN attempts NOT BETWEEN 0 AND 2147483646 THEN 'attempts' END",
        "octets": "{}",
    },
}
NOW = InWords("now", type_=BigInteger)
"""The time; the clocks of services may differ, that of the database is one."""
KEY = InWords("key")
"""What a row can be found by; in SQLite, an id may be NULL."""
DAMAGE = InWords("damage", type_=Text)
"""A column whose value no worker can have written, as SQLite lets them in; NULL without one."""
DAMAGED = "its row is damaged: nobody writes such a value of "
LATEST = 2**63 - 1
"""Of the times; what is no number comes after all of them in SQLite."""
IS_OVER: ColumnElement[bool] = func.coalesce(cast(jobs.c.lease_until, BigInteger), 0) <= NOW
"""Of a lease; one that says nothing is."""
