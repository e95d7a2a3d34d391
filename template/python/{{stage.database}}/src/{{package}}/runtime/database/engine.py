"""Connections whose every use has a limit in time, to SQLite and to PostgreSQL."""

import asyncio
import errno
import os
import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .address import Address

KEEPALIVE: dict[str, Any] = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""After 25 s without an answer of the other machine, a connection is lost."""
LOOK = 10_000
"""So many steps of SQLite's virtual machine pass between two looks at the time."""
LOCK_SECONDS = 60
"""How long migrations wait for whoever else migrates."""
GRACE_SECONDS = 1.0
"""PostgreSQL ends a statement at its limit; a server that does not is given up this much later."""


def connecting(
    address: Address, wait: float, *, size: int = 1, limit: float | None = None
) -> AsyncEngine:
    """Return up to `size` connections, which are opened when they are needed.

    It takes `wait` seconds at most to get a free connection, and as many to open a new one.
    A connection is used for `limit` seconds at most; migrations have no limit.
    """
    options: dict[str, Any] = {"pool_size": size, "max_overflow": 0, "pool_timeout": wait}
    options["hide_parameters"] = True  # errors go to the log, and what is stored may be a secret
    if address.path:
        return _sqlite(address.path, wait, limit, options)
    return _postgresql(address.url, wait, limit, options)


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the same connections for what only reads."""
    return engine.execution_options(is_read_only=True)


def writing(engine: AsyncEngine) -> AsyncEngine:
    """Return the same connections for transactions that write.

    SQLite refuses at once to let a transaction write that has read what another one has changed
    since. One that writes takes its turn when it begins.
    """
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def _sqlite(path: Path, wait: float, limit: float | None, options: dict[str, Any]) -> AsyncEngine:
    url = URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(
        url, connect_args={"timeout": wait if limit else LOCK_SECONDS}, **options
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def _prepare(*_: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # For this user alone, from its first byte on; the files beside it get the same mode. One
        # that is there is not opened: its close would end the locks that this process has on it,
        # and whoever else closes the database would then delete the log that is in use here.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        if not os.access(path, os.R_OK | os.W_OK):
            read_only = os.statvfs(path).f_flag & os.ST_RDONLY
            cause = errno.EROFS if read_only else errno.EACCES
            raise OSError(cause, os.strerror(cause), str(path))

    @event.listens_for(engine.sync_engine, "connect")
    def _set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin as _begin has it
        cursor = connection.cursor()
        # With a write-ahead log, readers and a writer do not wait for each other.
        cursor.execute("PRAGMA journal_mode = WAL")
        # A migration may replace a table by a changed copy: what refers to it has to stay.
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if limit else 'OFF'}")
        cursor.close()

        def is_late() -> bool:
            return bool(time.monotonic() > record.info.get("deadline", float("inf")))

        connection.run_async(lambda driver: driver.set_progress_handler(is_late, LOOK))

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    @event.listens_for(engine.sync_engine, "checkout")
    def _check_out(_connection: object, record: Any, _proxy: object) -> None:
        record.info["deadline"] = time.monotonic() + (limit or float("inf"))

    @event.listens_for(engine.sync_engine, "checkin")
    def _check_in(_connection: object, record: Any) -> None:
        record.info.pop("deadline", None)

    return engine


def _postgresql(url: str, wait: float, limit: float | None, options: dict[str, Any]) -> AsyncEngine:
    async def connect() -> psycopg.AsyncConnection[Any]:
        async with asyncio.timeout(wait):
            connection = await psycopg.AsyncConnection.connect(
                url,
                autocommit=True,
                # A pooler between here and the server may give each transaction another session.
                prepare_threshold=None,
                # A database without an encoding (SQL_ASCII) would answer bytes for texts.
                client_encoding="utf8",
                fallback_application_name=__name__.partition(".")[0],
                **KEEPALIVE,
            )
            # Not as a parameter of the connection: poolers refuse those that they do not know.
            await connection.execute(f"SET statement_timeout = {round((limit or 0) * 1000)}")
            await connection.set_autocommit(False)
        return connection

    engine = create_async_engine(
        "postgresql+psycopg://", async_creator=connect, use_native_hstore=False, **options
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _check_out(connection: Any, record: Any, _proxy: object) -> None:
        driver = connection.driver_connection
        if _is_ended(driver):
            raise InvalidatePoolError  # what is opened instead is tried next
        if limit:
            loop = asyncio.get_running_loop()
            record.info["cut"] = loop.call_later(limit + GRACE_SECONDS, _cut, driver)

    @event.listens_for(engine.sync_engine, "checkin")
    def _check_in(_connection: object, record: Any) -> None:
        if cut := record.info.pop("cut", None):
            cut.cancel()

    return engine


def _is_ended(driver: psycopg.AsyncConnection[Any]) -> bool:
    """Tell whether an idle connection has something to read: what a server says then is its end."""
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _cut(driver: psycopg.AsyncConnection[Any]) -> None:
    """End a connection on this side, whatever waits for it; a server that hangs does not hear."""
    if driver.closed:
        return
    with socket.socket(fileno=os.dup(driver.fileno())) as connected:
        connected.shutdown(socket.SHUT_RDWR)
