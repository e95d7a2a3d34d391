"""What errors of a database mean, and how they are said in one line, without a password."""

import re
import sqlite3
from collections.abc import Iterator

import psycopg
from sqlalchemy import exc

FAILURES = (exc.SQLAlchemyError, OSError, psycopg.Error, sqlite3.Error)
"""What connecting to a database can raise."""
SQLITE = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
}
"""What is no fault of a statement."""
# Read-only is a server that another one has taken over from.
SERVER = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
PREFIX = re.compile(r".*?(?:FATAL|ERROR): +|.* failed: (?!FATAL)|.*\[Errno -?\d+\] ", re.DOTALL)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database, not a statement, is why something failed."""
    return any(map(_is_unavailable, _chain(error)))


def _is_unavailable(error: BaseException) -> bool:
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE
    return isinstance(error, (*SERVER, exc.TimeoutError, OSError))


def reason(error: BaseException) -> str:
    """Say in a line why a database cannot be used."""
    causes = list(_chain(error))
    if any(isinstance(cause, exc.TimeoutError) for cause in causes):
        return "no connection in time"
    cause = causes[-1]
    if isinstance(cause, TimeoutError) and not str(cause):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror and cause.filename:
        return f"{cause.filename}: {cause.strerror}"
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    text = PREFIX.sub("", str(cause), count=1) or type(cause).__name__
    return text.strip().partition("\n")[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """List an error and what it stands for, down to what the driver said."""
    while error is not None:
        yield error
        error = error.orig if isinstance(error, exc.DBAPIError) else None
