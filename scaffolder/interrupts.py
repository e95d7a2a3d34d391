"""Signals that ask to stop, kept away from what must not stop halfway."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_ending: list[bool] = []
"""Not empty where the process ends with the work that it does."""


class Interrupts:
    """Signals that ask to stop, noted instead of stopping halfway."""

    def __init__(self) -> None:
        """Start without any."""
        self.noted: list[int] = []
        self.finished = False

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Note one, as a signal handler."""
        self.noted.append(number)

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was one: here it can be undone."""
        if self.noted:
            raise KeyboardInterrupt

    def finish(self) -> None:
        """Pass the point of no return: what is done gets reported, and nothing interrupts that."""
        self.finished = True


@contextmanager
def uninterrupted() -> Iterator[Interrupts]:
    """Note the signals that come meanwhile.

    If the work was finished, they came too late; a process that ends with it ignores them from then
    on. A thread gets no signals, and cannot be interrupted.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts.note) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            ignored = interrupts.finished and _ending
            signal.signal(number, signal.SIG_IGN if ignored else handler)


@contextmanager
def restored() -> Iterator[None]:
    """Have signals do afterwards what they did before, even if work was finished in between."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible(*, ending: bool = False) -> Iterator[None]:
    """Have every signal that asks to stop raise KeyboardInterrupt, for the time of a command.

    `ending`, the process ends with it: once the work is finished, signals stay ignored until then.
    """
    if ending:
        _ending.append(ending)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler == signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        _ending.clear()
        for number, handler in before.items():
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
