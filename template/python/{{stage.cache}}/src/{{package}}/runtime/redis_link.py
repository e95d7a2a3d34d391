"""A link to Redis that costs nobody more than its time limit, and is taken up in the background.

A command that fails closes the link: those after it fail at once, until an attempt in the
background has succeeded. It waits longer after each failure.
"""

import asyncio
import itertools
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from redis.asyncio import (
    BlockingConnectionPool,
    Connection,
    Redis,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .name_lookup import look_up
from .outage import Named
from .redis_causes import WRONG_TYPE, cause, code, kind
from .redis_url import Address

MOST_CONNECTIONS = 16
FIRST_WAIT, LONGEST_WAIT = 0.1, 10.0
"""Seconds between attempts; up to half of them is left to chance, so that services spread."""
LOOK_SECONDS = 5.0
"""How often a link that works is tried, for nobody may use it."""
STEADY_SECONDS = 1.0
"""A link that has worked for so long is tried at once when it fails."""
CLOSE_SECONDS = 1.0
MOST_OWED, OWED_AT_ONCE = 10_000, 1000

Command = Callable[[Redis], Awaitable[object]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a server answers to a command, or the kind of failure that came instead."""

    value: Any = None
    failure: str = ""
    code: str = ""
    """The first word of its error, if it answered one."""


class Link:
    """Runs commands while the server answers; `prefix` is that of its keys."""

    def __init__(self, address: Address, limit: int, prefix: str) -> None:
        """Connect to nothing yet; `limit` is in milliseconds."""
        self.address = address
        self._limit = limit
        self._attempt_key = f"{prefix}attempt"
        self._client = _client(address, limit / 1000)
        self._is_open = False
        self._openings = 0
        self._failed = asyncio.Event()
        self._cause = "it has not answered yet"
        self._away_since: float | None = None
        self._named = Named()
        self._owed: dict[int, bytes] = {}
        self._tickets = itertools.count()

    def amiss(self) -> str:
        """Return why nothing is cached; an empty text if it is."""
        return "" if self._is_open else self._cause

    async def run(self, command: Command) -> Answer:
        """Return the answer to a command; it is sent only while nothing is amiss."""
        opening = self._openings
        try:
            async with asyncio.timeout(self._limit / 1000):
                return Answer(await command(self._client))
        except Exception as error:  # whatever fails here is no failure of the service
            if self._is_open and opening == self._openings and code(error) != WRONG_TYPE:
                self._close(error)
            return Answer(failure=kind(error), code=code(error))

    def owe(self, key: bytes) -> int:
        """Have a key deleted before anything else as soon as the server answers.

        What it has is outdated. It stays so, whatever happens to whoever asked for it, until this
        ticket is `done`.
        """
        ticket = next(self._tickets)
        self._owed[ticket] = key
        if len(self._owed) > MOST_OWED:
            del self._owed[next(iter(self._owed))]
            log.warning(
                "the cache at %s is away for too many changes: when it is back, values may be"
                " outdated until their time is over",
                self.address,
            )
        return ticket

    def done(self, ticket: int) -> None:
        """End this: the server has done it."""
        self._owed.pop(ticket, None)

    async def keep(self) -> NoReturn:
        """Open the link, and open it again whenever it was closed."""
        wait = FIRST_WAIT
        while True:
            if await self._attempt():
                opened = time.monotonic()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._failed.wait(), LOOK_SECONDS)
                if time.monotonic() - opened > STEADY_SECONDS:
                    wait = FIRST_WAIT
                    continue
            # Chance, not a secret.
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311
            wait = min(wait * 2, LONGEST_WAIT)

    async def _attempt(self) -> bool:
        try:
            async with asyncio.timeout(self._limit / 1000):
                if not self._is_open:
                    # Its connections may lead to a server that another one has replaced.
                    old, self._client = self._client, _client(self.address, self._limit / 1000)
                    await old.aclose()
                if self.address.host:
                    await look_up(self.address.host, self.address.port)
                # A write: servers that only read, or are full, answer everything else.
                await self._client.set(self._attempt_key, b"", px=1000)
                await self._delete_owed()
        except Exception as error:  # as above
            if self.address.tls and not code(error) and await self._answers_without_tls():
                error = ssl.SSLError(0, "it answers without TLS, as redis:// asks it")
            self._close(error)
            self._report_away()
            return False
        self._open()
        return True

    async def _answers_without_tls(self) -> bool:
        with suppress(Exception):  # it waits for more of what it does not understand
            async with asyncio.timeout(self._limit / 1000):
                reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
                with closing(writer):
                    writer.write(b"PING\r\n")
                    return await reader.read(1) in {b"+", b"-"}
        return False

    async def _delete_owed(self) -> None:
        while self._owed:
            owed = dict(itertools.islice(self._owed.items(), OWED_AT_ONCE))
            await self._client.unlink(*owed.values())
            for ticket in owed:
                self.done(ticket)
            if self._is_open:  # further ones see to it themselves
                return

    def _close(self, error: Exception) -> None:
        self._is_open = False
        self._cause = cause(error, self._limit)
        self._failed.set()

    def _report_away(self) -> None:
        if self._away_since is None:
            self._away_since, self._named = time.monotonic(), Named()
        still = self._named.still(self._cause)
        if still is not None:
            words = "the cache at %s is %saway: %s; values are computed until it is back"
            log.warning(words, self.address, still, self._cause)

    def _open(self) -> None:
        if self._away_since is not None:
            away = time.monotonic() - self._away_since
            log.info("the cache at %s is back after %.0f s", self.address, away)
        elif not self._openings:
            log.info("the cache at %s answers", self.address)
        elif self._failed.is_set():
            log.warning("the cache at %s failed once: %s", self.address, self._cause)
        self._failed.clear()
        self._openings += not self._is_open
        self._is_open, self._away_since = True, None

    async def close(self) -> None:
        """Close all connections."""
        self._is_open = False
        self._cause = "the service stops"
        with suppress(Exception):  # they are given up, whatever their servers do
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._client.aclose()


def _client(address: Address, seconds: float) -> Redis:
    """Return a client that tries once, and no longer than this."""
    place: dict[str, Any] = {"path": address.path}
    kind: type[Any] = UnixDomainSocketConnection
    if not address.path:
        place = {"host": address.host, "port": address.port}
        place |= {"socket_connect_timeout": seconds}
        kind = SSLConnection if address.tls else Connection
    pool = BlockingConnectionPool(
        MOST_CONNECTIONS,
        None,  # whoever waits for one has a limit
        kind,
        db=address.database,
        username=address.user or None,
        password=address.password or None,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **place,
    )
    return Redis(connection_pool=pool)
