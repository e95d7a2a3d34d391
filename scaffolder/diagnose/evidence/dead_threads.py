"""Threads that wait for each other, for ever: nothing is left that could wake one of them."""

import signal
from collections.abc import Sequence

from .facts import Thread
from .trace import Trace

WATCHED = 7000
"""Milliseconds for which a copy of a container is watched that runs."""
EARLY = 500
"""How much sooner the tracer has to end, which it does where no wait of any thread has a limit."""
FAULTS = (
    signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV,
    signal.SIGSYS, 32, 33,
)  # fmt: skip
"""Signals that come of what a program does itself; the last two are the C library's own."""
HARMLESS = sum(1 << (number - 1) for number in FAULTS)


def are_dead(threads: Sequence[Thread]) -> bool:
    """Tell whether all threads wait in a lock, and no signal has a handler that might release it.

    One thread alone may be meant to do nothing. A runtime such as Go's or Python's handles signals:
    then its threads may all wait for one.
    """
    return len(threads) > 1 and all(
        t.waits_in.startswith("futex") and not t.caught & ~HARMLESS for t in threads
    )


def opens_in_vain(threads: Sequence[Thread]) -> bool:
    """Tell whether a thread waits for the other end of a named pipe to be opened (fifo(7))."""
    return any(t.waits_in == "wait_for_partner" for t in threads)


def writes_in_vain(threads: Sequence[Thread]) -> int:
    """Return the process that waits to write into a full pipe while all others wait for its end.

    Then nobody reads: 0 if anybody does anything else.
    """
    writers = [t.process for t in threads if t.waits_in.endswith("pipe_write")]
    others = [t for t in threads if not t.waits_in.endswith("pipe_write")]
    is_stuck = bool(others) and all(t.waits_in == "do_wait" for t in others)
    return writers[0] if len(writers) == 1 and is_stuck else 0


def die_in_copy(trace: Trace) -> bool:
    """Tell whether a watched copy came to that as well, without a limit to any of the waits."""
    waits = trace.waits
    ended_early = trace.timed_out and all(wait.at < WATCHED - EARLY for wait in waits)
    return ended_early and len(waits) > 1 and all(wait.name == "futex" for wait in waits)
