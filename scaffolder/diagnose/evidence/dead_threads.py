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
    return len(threads) > 1 and all(map(_is_dead, threads))


def _is_dead(thread: Thread) -> bool:
    return thread.waits_in.startswith("futex") and not thread.caught & ~HARMLESS


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


def waits_alone(threads: Sequence[Thread]) -> bool:
    """Tell whether a container has one thread, which waits in a lock, and no signal wakes that."""
    return len(threads) == 1 and all(map(_is_dead, threads))


def reads_alone(threads: Sequence[Thread]) -> bool:
    """Tell whether a container has one thread, and that reads a pipe: it alone could write there.

    Unless that is its standard input.
    """
    return len(threads) == 1 and threads[0].waits_in.endswith("pipe_read")


def left_alone(trace: Trace) -> bool:
    """Tell whether a copy comes to that, and had other threads before.

    One that never had another may be parked on purpose.
    """
    waits = trace.waits
    is_same = _ended_early(trace) and len(waits) == 1 and waits[0].name == "futex"
    return is_same and any(call.thread != waits[0].thread for call in trace.of(waits[0].process))


def die_in_copy(trace: Trace) -> bool:
    """Tell whether a watched copy came to that as well, without a limit to any of the waits."""
    waits = trace.waits
    return _ended_early(trace) and len(waits) > 1 and all(wait.name == "futex" for wait in waits)


def _ended_early(trace: Trace) -> bool:
    return trace.timed_out and all(wait.at < WATCHED - EARLY for wait in trace.waits)
