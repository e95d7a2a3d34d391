"""A service that a process of its own container stops, and what that one may have looked for."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from .call_words import LOOPBACK
from .decisive import ENDING, kills_first
from .files import SYSTEM
from .harmless import matters
from .trace import Call, Signal, Trace, Traced

SOON = 3000
"""In milliseconds: who stops a service over something has just looked for it."""
GRACE = 15_000
"""In milliseconds: so long a service may take to end in its own way."""
TOGETHER = 50
"""In milliseconds: how far the end of a wait and its signal are apart in the records."""
AT_ONCE = 200
"""In milliseconds: what only has to run a handler ends within that, also on a busy machine."""
ABSENT = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True)
class Stopped:
    """Who stopped a service, and why."""

    service: Traced
    by: Traced
    signal: Signal
    sender: Traced
    """Who of those that it started sent the signal; mostly itself."""
    look: Call | None
    """What it looked for last, in vain, if it did."""
    elsewhere: Call | None
    """How the service made something of that name elsewhere."""
    is_cut_off: bool
    """It ended at once, before the one that sent the signal did."""
    has_listened: bool


def stopped(trace: Trace) -> Stopped | None:
    """Return how a service was stopped from inside while it waited, and ended with 0 upon that.

    Who stops it because the work is done has not looked for something in vain just before.
    """
    first = trace.first
    if first is None or first.ended is None or first.status or first.signal:
        return None
    sent = _sent(trace, first)
    by = _below(trace, first, sent[1]) if sent else None
    if sent is None or by is None or first.ended - sent[0].at > GRACE:
        return None
    sender = trace.processes[sent[1]]
    cut_off = _is_cut_off(first, sent[0], sender)
    if not (cut_off or _is_waiting(trace, first, sent[0])) or _is_stopped_by_others(
        trace, first, sent[0]
    ):
        return None
    family = {by.number, *_descendants(trace, by.number)}
    own = [c for c in trace.calls if c.process in family and c.at <= sent[0].at]
    look = next((c for c in reversed(own) if _is_in_vain(trace, c, own, sent[0].at)), None)
    made = (c for c in trace.of(first.number) if c.writes and not c.error)
    same = (c for c in made if look and look.path and basename(c.path) == basename(look.path))
    return Stopped(
        first, by, sent[0], sender, look, next(same, None), cut_off, _listens(trace, first)
    )


def _is_waiting(trace: Trace, first: Traced, sent: Signal) -> bool:
    """Tell whether it served, or a signal came while it waited for something to do."""
    waits = (c for c in trace.interrupted if c.process == first.number)
    return _listens(trace, first) or any(abs(c.at - sent.at) <= TOGETHER for c in waits)


def _listens(trace: Trace, first: Traced) -> bool:
    return any(c.name == "listen" and not c.error for c in trace.of(first.number))


def _is_cut_off(first: Traced, sent: Signal, sender: Traced) -> bool:
    """Tell whether it ended at once upon a signal, before the one that sent it did."""
    return sender.ended is None and (first.ended or 0) - sent.at <= AT_ONCE


def _is_stopped_by_others(trace: Trace, first: Traced, sent: Signal) -> bool:
    """Tell whether another process was asked to end from outside before: it passes that on."""
    return any(
        s.number in ENDING and s.process != first.number and s.sender not in trace.processes
        for s in trace.signals
        if s.at <= sent.at
    )


def _sent(trace: Trace, first: Traced) -> tuple[Signal, int] | None:
    """Return the last signal that asked the first process to end, and who sent it."""
    own = (s for s in trace.signals if s.process == first.number and s.number in ENDING)
    last = max(own, key=lambda signal: signal.at, default=None)
    if last is None:
        return None
    kills = (c for c in reversed(trace.calls) if kills_first(trace, c, last.number))
    passed_on = next((c.process for c in kills if c.at <= last.at), 0)
    sender = last.sender if last.sender in trace.processes else passed_on
    return (last, sender) if sender and sender != first.number else None


def _below(trace: Trace, first: Traced, number: int) -> Traced | None:
    """Return the process that the service has started, of those that led to another one."""
    process = trace.processes.get(number)
    while process and process.parent != first.number:
        process = trace.processes.get(process.parent)
    return process


def _descendants(trace: Trace, number: int) -> Iterator[int]:
    for child in trace.children(number):
        yield child.number
        yield from _descendants(trace, child.number)


def _is_in_vain(trace: Trace, call: Call, own: list[Call], until: int) -> bool:
    """Tell whether a call looks for what is never there: a file, or who listens in the container.

    A name that is found in another directory is that of a program, or of a part of one.
    """
    if until - call.at > SOON or not matters(call) or call.creates:
        return False
    if call.name == "connect" and call.port:
        refused = call.error == errno.ECONNREFUSED and bool(LOOPBACK.match(call.address))
        return refused and not any(c.port == call.port and not c.error for c in own)
    if call.error not in ABSENT or not call.path or SYSTEM.match(call.path):
        return False
    found = {c.path for c in trace.calls if c.path and not c.error}
    named = {basename(c.path) for c in own if c.path and not c.error}
    return call.path not in found and basename(call.path) not in named
