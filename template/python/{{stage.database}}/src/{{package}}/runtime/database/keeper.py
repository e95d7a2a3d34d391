"""Knows at any time whether the database can be used, and says so once when that changes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ..log import Reporter
from ..outage import Named
from .failures import reason
from .pauses import pauses

CHECK_SECONDS = 3.0
"""Between two checks of a database that works."""
LONGEST_PAUSE = 2.0
"""Between two attempts to reach one that does not."""
FIRST_SECONDS = 1.0
"""How long the first check is waited for; migrations, which belong to it, may take any time."""

log = Reporter(logging.getLogger(__name__))


class UnreachableError(Exception):
    """The database cannot be used now; the message says why."""


class Keeper:
    """Checks a database all the time, and holds back requests while it may come back."""

    def __init__(self, label: str, check: Callable[[], Awaitable[None]], patience: float) -> None:
        self._label = label
        self._check = check
        self._patience = patience
        self._cause = "it has not been reached yet"
        self._named = Named()
        self._since = time.monotonic()  # what it is like now, it has been like since then
        self._is_up = asyncio.Event()
        self._known = asyncio.Event()
        self._suspected = asyncio.Event()
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Check it until the stop; while it does not work, after pauses that grow."""
        self._stopped.clear()
        growing = pauses(LONGEST_PAUSE)
        while not self._stopped.is_set():
            try:
                await self._check()
            except Exception as error:  # any error is a reason not to use it
                self._is_down(reason(error))
                await _either(self._stopped, next(growing))
            else:
                self._works()
                growing = pauses(LONGEST_PAUSE)
                self._suspected.clear()
                await _either(self._suspected, CHECK_SECONDS)

    def stop(self) -> None:
        """End `run` after the check that is under way: what it asked for is to be answered."""
        self._stopped.set()
        self._suspected.set()

    def suspect(self) -> None:
        """Have it checked at once: a request has failed."""
        self._suspected.set()

    def is_busy(self, cause: str) -> None:
        """Say why the first check has not ended yet."""
        if not self._known.is_set():
            self._cause = cause

    async def until_up(self) -> None:
        """Return as soon as it can be used; raise UnreachableError if that is not to be soon.

        Only the beginning of an outage is waited for: a restart costs requests some time, and
        nothing piles up while the database is gone for long.
        """
        if self._is_up.is_set():
            return
        left = self._since + self._patience - time.monotonic()
        if left > 0:
            await _either(self._is_up, left)
        if not self._is_up.is_set():
            raise UnreachableError(self._cause)

    async def require_up(self) -> None:
        """Raise UnreachableError if it cannot be used, as of the last check."""
        await _either(self._known, FIRST_SECONDS)
        if not self._is_up.is_set():
            raise UnreachableError(f"{self._label}: {self._cause}")

    def _is_down(self, cause: str) -> None:
        if self._is_up.is_set() or not self._known.is_set():
            self._named = Named()
            self._since = time.monotonic()
            self._is_up.clear()
        # What ended the last connection may have nothing to do with why there is no new one.
        still = self._named.still(cause)
        if still is not None:
            log.error("the database %scannot be reached: %s: %s", still, self._label, cause)
        self._cause = cause
        self._known.set()

    def _works(self) -> None:
        if self._is_up.is_set():
            return
        if self._known.is_set():
            lasted = time.monotonic() - self._since
            log.info("the database is back after %.1f s: %s", lasted, self._label)
        else:
            log.info("the database answers: %s", self._label)
        self._known.set()
        self._is_up.set()


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, or for some time: whichever comes first."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
