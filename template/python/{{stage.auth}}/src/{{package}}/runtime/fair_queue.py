"""A queue for expensive work: few at once, few that wait, and clients take turns."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class BusyError(Exception):
    """Too many requests wait already."""


class Queue:
    """Clients take turns, however many requests each has: a flood from one delays only itself.

    Lets `at_once` work and up to `most` wait. For use in one thread, that of the event loop.
    """

    def __init__(self, at_once: int, most: int) -> None:
        self._free = at_once
        self._most = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn; raise BusyError if too many wait, now or when others arrive later."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        self._make_room(client)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the turn came at the same moment
                self._pass_on()
            raise

    def _make_room(self, client: str) -> None:
        """Refuse a request of the client with the most in the queue: this one, or its last."""
        if sum(map(len, self._waiting.values())) < self._most:
            return
        longest = max(self._waiting, key=lambda name: len(self._waiting[name]))
        turns = self._waiting[longest]
        if longest == client or len(turns) <= len(self._waiting.get(client, ())) + 1:
            raise BusyError
        last = turns.pop()
        if not last.done():
            last.set_exception(BusyError())

    def _pass_on(self) -> None:
        while self._waiting:
            client, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[client] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
