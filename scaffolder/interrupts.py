"""Signals that ask to stop, kept away from what must not stop halfway."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Signals that ask to stop, noted instead of stopping halfway."""

    def __init__(self) -> None:
        """Start without any."""
        self.noted: list[int] = []

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Note one, as a signal handler."""
        self.noted.append(number)

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was one."""
        if self.noted:
            raise KeyboardInterrupt


@contextmanager
def uninterrupted() -> Iterator[Interrupts]:
    """Note the signals that come meanwhile."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.note) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
