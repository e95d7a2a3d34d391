"""Notices a worker that does not move: nothing else would say that jobs are left alone."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from ..log import Reporter

LOOK_SECONDS = 0.5

log = Reporter(logging.getLogger(__name__))


class StuckError(Exception):
    """The worker does not move; the message says for how long."""


class Stalls:
    """Counts the time in which a worker ended no round of its loop.

    It counts looks, not the clock: on a paused machine, nothing is overdue.
    """

    def __init__(self, rounds: Callable[[], int], limit: float) -> None:
        self._rounds = rounds
        self._limit = limit
        self._seen = rounds()
        self._still = 0.0

    async def watch(self) -> NoReturn:
        """Log when it has not moved for too long, and when it moves again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Count the time since the last look."""
        was_stuck = self._still > self._limit
        seen, self._seen = self._seen, self._rounds()
        self._still = self._still + LOOK_SECONDS if seen == self._seen else 0.0
        is_stuck = self._still > self._limit
        if is_stuck and not was_stuck:
            log.error("%s", self._words())
        elif was_stuck and not is_stuck:
            log.info("the jobs worker moves again")

    async def ready(self) -> None:
        """Raise StuckError if it does not move."""
        if self._still > self._limit:
            raise StuckError(self._words())

    def _words(self) -> str:
        return f"the jobs worker has not moved for {self._still:.0f} s"
