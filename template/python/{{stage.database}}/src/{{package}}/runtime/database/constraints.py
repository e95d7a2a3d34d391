"""What the tables of an import promise to each other, and to rows that come after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, exc

from .failures import reason
from .tables import Refused, Table

REFERENCES = (
    "SELECT replace(quote_ident(conname), '%%', '%%%%') FROM pg_constraint"
    " WHERE contype = 'f' AND NOT condeferrable AND conrelid = to_regclass(%s)"
)
MISSING = "SELECT 1 FROM pragma_foreign_key_check(?)"
DANGLING = "rows of {} refer to rows that are not there"
SEQUENCE = "SELECT pg_get_serial_sequence(%s, %s)"
COUNT_ON = (
    "SELECT setval(CAST(%s AS regclass), highest)"
    " FROM (SELECT max({}) AS highest FROM {}) AS found"
    " WHERE highest > coalesce(pg_sequence_last_value(CAST(%s AS regclass)), 0)"
)


@contextmanager
def checked_last(connection: Connection, found: list[Table]) -> Iterator[None]:
    """Check references when all rows are there: one may refer to another that comes later."""
    if connection.dialect.name == "sqlite":
        yield
        for table in found:
            if connection.exec_driver_sql(MISSING, (table.name,)).first():
                raise Refused(DANGLING.format(table.name))
        return
    references = [
        f"ALTER TABLE {table.quoted} ALTER CONSTRAINT {name}"
        for table in found
        for name in connection.exec_driver_sql(REFERENCES, (table.place,)).scalars()
    ]
    for reference in references:
        connection.exec_driver_sql(f"{reference} DEFERRABLE")
    connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    yield
    try:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    except exc.IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.ForeignKeyViolation):
            raise Refused(reason(error)) from error
        raise Refused(DANGLING.format(error.orig.diag.table_name)) from error
    for reference in references:
        connection.exec_driver_sql(f"{reference} NOT DEFERRABLE")


def count_on(connection: Connection, table: Table) -> None:
    """Have the sequences of PostgreSQL go on after the highest number in a table."""
    if not table.is_postgresql:
        return
    for name in table.names:
        sequence = connection.exec_driver_sql(SEQUENCE, (table.place, name)).scalar()
        if sequence:
            statement = COUNT_ON.format(table.quote(name), table.quoted)
            connection.exec_driver_sql(statement, (sequence, sequence))
