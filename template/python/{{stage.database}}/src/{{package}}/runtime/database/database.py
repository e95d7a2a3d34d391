"""A database that a service can rely on being asked in vain: within a time, and with a reason."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..log import Reporter
from ..problems import Problem
from . import migrating, migrations
from .address import Address
from .engine import GRACE_SECONDS, connecting, reading, writing
from .failures import FAILURES, is_unavailable, reason
from .keeper import Keeper, UnreachableError
from .migrations import Part, State
from .pauses import reached
from .schema import Schema

RETRY_SECONDS = 5
GIVE_UP_SECONDS = GRACE_SECONDS + 0.5
"""After the limit, a statement has ended; what a block waits for then is something else."""

log = Reporter(logging.getLogger(__name__))


class UnavailableError(Problem):
    """What clients learn while the database cannot be used."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the database cannot be used at the moment",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


class Database:
    """Connections for reading and for writing; a request that gets none, or no answer, gets 503."""

    def __init__(
        self,
        address: Address,
        parts: list[Part],
        *,
        size: int,
        wait: float,
        limit: float,
        migrate: bool,
    ) -> None:
        self.engine = connecting(address, wait, size=size, limit=limit)
        """For a library that wants one; what is in `read` and `write` is then its own affair."""
        self._reader, self._writer = reading(self.engine), writing(self.engine)
        self._wait, self._limit = wait, limit
        self._address, self._parts = address, parts
        self._checked = connecting(address, wait, limit=wait)
        self._reserved: list[AsyncEngine] = []
        # SQLite does not look at its file for less.
        self._probe = text("PRAGMA schema_version" if address.path else "SELECT 1")
        self._applied = migrations.applied(parts)
        self._schema = Schema(self._states, self._migrate if migrate else None)
        self.keeper = Keeper(address.label, self._check, wait)

    @property
    def has_one_writer(self) -> bool:
        """Whether a transaction that writes keeps all others from writing, as in SQLite."""
        return self._address.path is not None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to read with; what it writes is lost."""
        async with self._using(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, which is committed unless the block raises."""
        async with self._writing(self._writer) as connection:
            yield connection

    def reserved(self) -> Callable[[], AbstractAsyncContextManager[AsyncConnection]]:
        """Return what `write` is, over a connection that nobody else uses."""
        engine = connecting(self._address, self._wait, limit=self._limit)
        self._reserved.append(engine)
        writer = writing(engine)
        return lambda: self._writing(writer)

    async def ready(self) -> None:
        """Raise UnreachableError if the database cannot be used, or has another schema."""
        await self.keeper.require_up()
        if self._schema.problem:
            raise UnreachableError(self._schema.problem)

    async def close(self) -> None:
        """Close all connections."""
        for engine in (self.engine, self._checked, *self._reserved):
            await engine.dispose()

    @asynccontextmanager
    async def _writing(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with self._using(engine) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def _using(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = await self._connected(engine)
        end = time.monotonic() + self._limit
        try:
            async with asyncio.timeout(self._limit + GIVE_UP_SECONDS) as whole:
                yield connection
                await connection.close()
        except (SQLAlchemyError, TimeoutError) as error:
            is_ours = isinstance(error, SQLAlchemyError) and is_unavailable(error)
            if not is_ours and not whole.expired():
                raise
            is_late = time.monotonic() >= end
            self._report(f"not done within {self._limit:g} s" if is_late else reason(error))
            with suppress(SQLAlchemyError):  # it may be lost already
                await connection.invalidate()  # the next one may lead to where it works
            raise UnavailableError from error
        finally:
            with suppress(SQLAlchemyError):  # the error that came before says more
                await connection.close()

    async def _connected(self, engine: AsyncEngine) -> AsyncConnection:
        """Get a connection, or raise UnavailableError after DATABASE_WAIT_SECONDS."""
        try:
            return await reached(lambda: self._open(engine), self._wait)
        except UnreachableError as error:  # the log has its reason
            raise UnavailableError from error
        except FAILURES as error:
            if not is_unavailable(error):
                raise
            self._report(reason(error))
            raise UnavailableError from error

    async def _open(self, engine: AsyncEngine) -> AsyncConnection:
        await self.keeper.until_up()
        try:
            return await engine.connect()
        except FAILURES:
            self.keeper.suspect()
            raise

    def _report(self, why: str) -> None:
        log.warning("the database failed: %s", why)
        self.keeper.suspect()

    async def _check(self) -> None:
        end = time.monotonic() + self._wait
        try:
            async with self._checked.connect() as connection:
                if self._schema.fits and self._applied is not None:
                    still = await connection.run_sync(migrations.are_applied, self._applied)
                else:
                    await connection.execute(self._probe)
                    still = self._schema.fits
        except FAILURES as error:
            if time.monotonic() < end:
                raise
            raise TimeoutError from error  # what a connection says that was given up means nothing
        if not still:
            await self._schema.look()

    async def _states(self) -> list[State]:
        async with self._checked.connect() as connection:
            return await connection.run_sync(migrations.states, self._parts)

    async def _migrate(self) -> None:
        self.keeper.is_busy("migrations are being applied")
        async for done in migrating.upgraded(self._address, self._parts, self._wait):
            log.info("%s", done)
