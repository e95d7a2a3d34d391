"""Work that several requests need is done once: the others wait for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Flight:
    """One work under way; `landed` is set when it has ended, with or without a `value`."""

    def __init__(self, *, is_outdated: bool = False) -> None:
        self.landed = asyncio.Event()
        self.value: bytes | None = None
        self.failed = False
        self.is_outdated = is_outdated
        """What it is based on has changed: it is not to be kept."""
        self.is_kept = False
        """It is being kept: whoever changes it has to wait."""


class Flights:
    """Those under way, by key. For use in one thread, that of the event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}

    async def share(self, key: str, work: Callable[[Flight], Awaitable[bytes]]) -> bytes:
        """Return what the `work` for a key gives; wait for it if it is under way.

        If that fails, those that waited do it themselves, each with its own error, and none of them
        keeps its value. If whoever does it goes away, another one takes over.
        """
        while (flight := self._under_way.get(key)) is not None:
            await flight.landed.wait()
            if flight.value is not None:
                return flight.value
            if flight.failed:
                return await work(Flight(is_outdated=True))
        flight = self._under_way[key] = Flight()
        try:
            flight.value = await work(flight)
        except Exception:
            flight.failed = True
            raise
        finally:
            if self._under_way.get(key) is flight:
                del self._under_way[key]
            flight.landed.set()
        return flight.value

    @asynccontextmanager
    async def change(self, key: str) -> AsyncIterator[None]:
        """Change what is kept: nothing that began before can be kept or shared afterwards."""
        flight = self._outdate(key)
        if flight is not None and flight.is_kept:
            await flight.landed.wait()
        try:
            yield
        finally:
            self._outdate(key)

    def _outdate(self, key: str) -> Flight | None:
        flight = self._under_way.pop(key, None)
        if flight is not None:
            flight.is_outdated = True
        return flight
