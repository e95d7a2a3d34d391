"""Tries again, less and less often, and not all at the same moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from secrets import SystemRandom

from sqlalchemy.ext.asyncio import AsyncConnection

from .failures import FAILURES, is_unavailable


def pauses(longest: float) -> Iterator[float]:
    """Return the seconds to wait before each new attempt: twice as long each time."""
    pause = 0.1
    while True:
        yield pause * SystemRandom().uniform(0.5, 1)
        pause = min(2 * pause, longest)


async def reached(
    connect: Callable[[], Awaitable[AsyncConnection]], wait: float
) -> AsyncConnection:
    """Connect; where the database cannot be reached, try again for `wait` seconds."""
    end = time.monotonic() + wait
    for pause in pauses(longest=1.0):
        try:
            return await connect()
        except FAILURES as error:
            if not is_unavailable(error) or time.monotonic() + pause > end:
                raise
        await asyncio.sleep(pause)
    raise AssertionError("pauses do not end")  # pragma: no cover
