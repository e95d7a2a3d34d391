"""What a program waits for that does not end."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call, Trace

FOR_CHILDREN = ("wait4", "waitid")
ON_MANY = ("poll", "ppoll", "epoll_wait", "epoll_pwait", "epoll_pwait2", "select", "pselect6")
SLEEPS = ("nanosleep", "clock_nanosleep", "pause", "rt_sigsuspend", "rt_sigtimedwait")
LONG = 1000
"""Milliseconds: what waits for less has just begun to."""


@cause(
    "waits-in-call",
    "the program waits for something that does not come",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
)
def waits_in_call(case: Case) -> Found | None:
    """Find, in a watched copy of a container that does not listen, what its process waits in."""
    if not case.seen.trace.timed_out or any(not s.is_loopback for s in case.sockets or ()):
        return None
    call = awaited(case.seen.trace)
    what = call and _what(call)
    if call is None or not what:
        return None
    process = case.seen.trace.processes.get(call.process)
    who = process.name if process else "the program"
    return Found(
        f"{who} waits for {what}",
        "give the wait a time limit and a message, and see that what it waits for comes",
        (watched(case, f"{who} (process {call.process}): {call.waiting}"),),
    )


def awaited(trace: Trace) -> Call | None:
    """Return what the container waits in: its first process, or the child that this awaits."""
    process = trace.first
    for _ in trace.processes:
        own = [w for w in trace.waits if process and w.process == process.number]
        call = min(own, key=lambda wait: wait.thread, default=None)
        if call is None or call.name not in FOR_CHILDREN or process is None:
            return call
        process = next((c for c in trace.children(process.number) if c.ended is None), None)
    return None


def _what(call: Call) -> str:  # noqa: PLR0911 - one answer per line
    """Return what a call waits for, for a sentence; empty if that is usual for a service."""
    if call.waited < LONG or call.name in (*SLEEPS, "accept", "accept4"):
        return ""
    if call.name in ("flock", "fcntl"):
        return f"the lock of {call.object}, which is held already"
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
