"""Values in the cache: get, set and delete them, or have them computed where there is none."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ...runtime.flights import Flight, Flights
from ...runtime.redis_link import Command, Link
from .observing import Observing, Operation

LONGEST_KEY = 1024
"""In bytes; what has a longer one is not kept."""
LONGEST_TTL = 365 * 86400.0
UNREADABLE = (ValueError, RecursionError)
"""What JSON raises for what is none, or too deep."""

log = logging.getLogger(__name__)


class Cache:
    """Values by key, each for `ttl` seconds; a value is JSON, or bytes.

    No method fails because of the server: then there is no value, and nothing is kept.
    """

    def __init__(
        self, link: Link | None, observing: Observing, prefix: str, max_bytes: int
    ) -> None:
        """Keep values of up to `max_bytes` at the server of `link`, if there is one."""
        self.link = link
        self._observing = observing
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._flights = Flights()

    async def amiss(self) -> str:
        """Return why nothing is kept; an empty text if values are kept."""
        if self.link is None:
            return "off: CACHE_URL is not set"
        cause = self.link.amiss()
        return f"degraded: {cause}" if cause else ""

    async def get(self, key: str) -> Any:
        """Return a JSON value; None if there is none."""
        found = await self.get_bytes(key)
        try:
            return None if found is None else json.loads(found)
        except UNREADABLE:
            return None

    async def set(self, key: str, value: Any, ttl: float) -> None:
        """Keep a JSON value."""
        await self.set_bytes(key, _encoded(value), ttl)

    async def get_bytes(self, key: str) -> bytes | None:
        """Return bytes; None if there are none."""
        name = self._name(key)
        if name is None:
            self._observing.skipped(Operation.GET)
            return None
        found = await self._ask(Operation.GET, lambda redis: redis.get(name))
        return found if isinstance(found, bytes) else None

    async def set_bytes(self, key: str, value: bytes, ttl: float) -> None:
        """Keep bytes."""

        async def keep(name: bytes) -> bool:
            # Otherwise what is there is outdated.
            return await self._keep(name, value, ttl) or await self._unlink(name)

        await self._change(key, Operation.SET, keep)

    async def delete(self, key: str) -> None:
        """Forget a value: after a change of what it was computed from."""
        await self._change(key, Operation.DELETE, self._unlink)

    async def cached(self, key: str, ttl: float, compute: Callable[[], Awaitable[Any]]) -> Any:
        """Return the JSON value of a key, which is computed if there is none.

        Requests that need it at the same time wait for one of them. What is returned has gone
        through JSON, kept or not: a tuple is a list.
        """

        async def encoded() -> bytes:
            return _encoded(await compute())

        found = await self.cached_bytes(key, ttl, encoded)
        try:
            return json.loads(found)
        except UNREADABLE:
            log.warning("a value in the cache is no JSON: it is computed anew")
            await self.delete(key)
            return json.loads(await encoded())

    async def cached_bytes(
        self, key: str, ttl: float, compute: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return bytes in the same way."""

        async def work(flight: Flight) -> bytes:
            found = await self.get_bytes(key)
            if found is not None:
                return found
            value = await compute()
            if not flight.is_outdated:
                flight.is_kept = True
                await self._keep(self._name(key), value, ttl)
            return value

        return await self._flights.share(key, work)

    async def _change(
        self, key: str, operation: Operation, change: Callable[[bytes], Awaitable[bool]]
    ) -> None:
        """Change what is kept; what cannot be done now is deleted later, before it is used."""
        async with self._flights.change(key):
            name = self._name(key)
            if self.link is None or name is None:
                self._observing.skipped(operation)
                return
            ticket = self.link.owe(name)
            if await change(name):
                self.link.done(ticket)

    async def _keep(self, name: bytes | None, value: bytes, ttl: float) -> bool:
        milliseconds = round(min(ttl, LONGEST_TTL) * 1000)
        if self.link is None or name is None or milliseconds < 1 or self._is_too_large(value):
            self._observing.skipped(Operation.SET)
            return False
        return bool(
            await self._ask(Operation.SET, lambda redis: redis.set(name, value, px=milliseconds))
        )

    def _is_too_large(self, value: bytes) -> bool:
        if len(value) <= self._max_bytes:
            return False
        log.warning(
            "a value of %d bytes is not cached: CACHE_MAX_VALUE_BYTES is %d",
            len(value),
            self._max_bytes,
        )
        return True

    async def _unlink(self, name: bytes) -> bool:
        return await self._ask(Operation.DELETE, lambda redis: redis.unlink(name)) is not None

    async def _ask(self, operation: Operation, command: Command) -> Any:
        """Return what the server answers; None if it does not, whatever the reason."""
        if self.link is None or self.link.amiss():
            self._observing.skipped(operation)
            return None
        answer = await self._observing.asking(operation, self.link.run(command))
        return answer.value

    def _name(self, key: str) -> bytes | None:
        name = (self._prefix + key).encode(errors="surrogatepass")
        return name if len(name) <= LONGEST_KEY else None


def _encoded(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
