"""An overall time limit: a diagnosis answers with what it has found by then."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from scaffolder.errors import UnreadableError

WAITING = 45.0

SECONDS = 7.0
"""The CPU time that a diagnosis may take, except for reruns."""


class TimeIsUpError(UnreadableError):
    """The time is up. It is raised wherever the work is, even within a pattern's search."""


class Deadline:
    """The time that is left for everything."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Begin now, with this many seconds of CPU time: a busy machine changes no answer.

        Commands of the engine have limits of their own; all together, they have `WAITING`.
        """
        self._end = time.process_time() + seconds
        self._latest = time.monotonic() + WAITING

    @property
    def left(self) -> float:
        """Return the seconds that are left."""
        waiting = self._latest - time.monotonic()
        return max(self._end - time.process_time(), 0.0) if waiting > 0 else 0.0

    @contextmanager
    def limited(self, most: float) -> Iterator[None]:
        """Raise TimeIsUpError within the block after `most` seconds, or when all time is up.

        Only the main thread gets signals; in another one, only work not yet started is limited.
        """
        seconds = min(most, self.left)
        if seconds <= 0:
            raise TimeIsUpError("the time is up")
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGVTALRM, _give_up)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TimeIsUpError("the time is up")
