"""What a program waits for, or waited for until a signal or a time limit ended it."""

import re
import signal
from collections.abc import Sequence
from itertools import pairwise
from posixpath import basename

from .decisive import decider, failure, has_gone_on
from .gave_up import PAUSE
from .harmless import matters
from .trace import Call, Trace, Traced

FOR_CHILDREN = ("wait4", "waitid")
ON_MANY = ("poll", "ppoll", "epoll_wait", "epoll_pwait", "epoll_pwait2", "select", "pselect6")
SERVES = ("accept", "accept4", *ON_MANY)
SLEEPS = ("nanosleep", "clock_nanosleep", "pause", "rt_sigsuspend", "rt_sigtimedwait")
LOCKS = ("flock", "fcntl")
FEW = 3
"""More threads that wait for others are those of a runtime, as of Java, Node and Go: a pool."""
LONG = 1000
"""Milliseconds: what waits for less has just begun to."""
SOON = 500
"""Milliseconds: what a signal handler, or the exit of another thread, takes at most."""
MANY = 10
"""How many attempts need no pause between them."""
LATE = 3000
"""Milliseconds before its end in which a program has to ask in vain again and again."""
TIMED_OUT = re.compile(r"nanosleep=0$|^futex=-110$")
"""The last calls of a thread that only waited for some time to be over: a watchdog."""
ENDS = {
    signal.SIGALRM, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP, signal.SIGABRT,
}  # fmt: skip
"""Signals by which alarms, time limits and watchdogs end a program."""


def awaited(trace: Trace) -> Call | None:
    """Return what the container waits in: its first process, or the child that this awaits.

    That is where its first thread waits, or any that opens a pipe: a runtime hands that to another.
    """
    process = trace.first
    for _ in trace.processes:
        own = [w for w in trace.waits if process and w.process == process.number]
        opens = next((w for w in own if w.name.startswith("open")), None)
        call = opens or min(own, key=lambda wait: wait.thread, default=None)
        if call is None or call.name not in FOR_CHILDREN or process is None:
            return call
        process = next((c for c in trace.children(process.number) if c.ended is None), None)
    return None


def what(call: Call, trace: Trace | None = None) -> str:  # noqa: PLR0911 - one answer per line
    """Return what a call waits for, for a sentence; empty if that is usual for a service."""
    if call.waited < LONG or call.name in (*SLEEPS, "accept", "accept4"):
        return ""
    if call.name in LOCKS:
        holder = "which it holds itself" if trace and _holds(trace, call) else "which is held"
        return f"the lock of {call.object or 'a file'}, {holder} already"
    if call.name == "futex":
        return "a lock or another thread of its own (a deadlock?)"
    if call.name.startswith("open"):
        return f"the other end of the pipe {call.path} to be opened"
    if call.name == "connect":
        return f"a connection to {call.where}"
    if call.descriptor == 0 and not call.address:
        return "its standard input, which nobody writes to"
    if call.address:
        return f"an answer from {call.where}"
    if call.name in ON_MANY:
        return ""
    if re.match("(?:read|recv|write|send)", call.name) and call.object:
        return f"{call.object} ({call.name})"
    return ""


def _holds(trace: Trace, wait: Call) -> bool:
    """Tell whether a process has the lock that it waits for, by another descriptor."""
    before = (c for c in trace.of(wait.process) if c.name == wait.name and not c.error)
    same = (c for c in before if wait.object and c.object == wait.object)
    return any(c.descriptor != wait.descriptor for c in same)


def cut_short(trace: Trace) -> Call | None:
    """Return the long wait in which a program was ended, by whatever limits its time.

    What failed before it began to wait, it got over. A lock between threads counts only where no
    thread serves: the first thread of a server often waits for the others.
    """
    process = decider(trace)
    if process is None or process.ended is None or not process.failed:
        return None
    interrupted = [w for w in reversed(trace.interrupted) if _is_last(trace, process, w)]
    left = [w for w in trace.waits if w.process == process.number] if _is_watched(process) else []
    waits = sorted((*interrupted, *left), key=lambda wait: wait.name == "futex")
    told = next((wait for wait in waits if what(wait)), None)
    if told and told.name == "futex":
        lost = failure(trace)
        serves = any(wait.name in SERVES for wait in (*interrupted, *left))
        pooled = sum(wait.name == "futex" for wait in waits) > FEW
        if serves or pooled or (lost and lost.at > told.at - told.waited):
            return None
    return told


def _is_last(trace: Trace, process: Traced, wait: Call) -> bool:
    """Tell whether a process ended upon the signal that a thread of it was interrupted by."""
    if wait.process != process.number or (process.ended or 0) - wait.at > SOON:
        return False
    own = (call for call in trace.of(process.number) if call.thread == wait.thread)
    return not any(has_gone_on(call) for call in own if call.at >= wait.at)


def _is_watched(process: Traced) -> bool:
    """Tell whether the thread that ended a process had only waited for a time to be over."""
    return any(map(TIMED_OUT.search, process.last))


def asked_in_vain(trace: Trace) -> Call | None:
    """Return what a program asked for again and again, in vain, until a signal ended it.

    What it asked for twice as it began, before it waited for long, it got over.
    """
    process = decider(trace)
    if process is None or process.ended is None or not _is_ended(trace, process):
        return None
    ended = process.ended
    late = [call for call in trace.calls if ended - call.at < LATE]
    known = {_name(call) for call in late if not call.error and not call.host}
    elsewhere = _found_elsewhere(trace, late)
    tried: dict[tuple[str, ...], list[Call]] = {}
    for position, call in enumerate(late):
        name = _name(call)
        is_found = position < elsewhere.get((call.process, basename(call.path)), 0)
        if name and (call.error or call.host) and matters(call) and name not in known:
            tried.setdefault(name, []).extend([] if is_found else [call])
    often = {name for name, asked in tried.items() if _goes_on(asked, ended)}
    return next((call for call in reversed(late) if _name(call) in often), None)


def _goes_on(asked: Sequence[Call], ended: int) -> bool:
    """Tell whether it was asked again and again, and not long ago, measured by how often it was.

    What is asked twice without a pause is one attempt, as that of an import.
    """
    if not asked:
        return False
    longest = max((later.at - one.at for one, later in pairwise(asked)), default=0)
    is_again = asked[-1].times > 1 or longest >= PAUSE or len(asked) >= MANY
    return is_again and ended - asked[-1].at <= SOON + 2 * longest


def _found_elsewhere(trace: Trace, calls: Sequence[Call]) -> dict[tuple[int, str], int]:
    """Return where a process, or the child that it started, found a name last, in any directory.

    That is how a program is sought through PATH: by a shell before it forks, or by execvp after.
    """
    found: dict[tuple[int, str], int] = {}
    for position, call in enumerate(calls):
        if call.path and not call.error:
            found[call.process, basename(call.path)] = position
            process = trace.processes.get(call.process)
            if process and call.name.startswith("exec"):
                found[process.parent, basename(call.path)] = position
    return found


def _is_ended(trace: Trace, process: Traced) -> bool:
    handled = any(
        s.process == process.number and s.number == signal.SIGALRM for s in trace.signals[-3:]
    )
    return process.signal in ENDS or (process.failed and handled)


def _name(call: Call) -> tuple[str, ...]:
    """Return what a call asks for; empty if for nothing that has a name."""
    return (call.path, call.host, call.where) if call.path or call.host or call.where else ()
