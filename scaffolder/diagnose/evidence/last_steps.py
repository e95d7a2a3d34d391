"""What a program did last before it ended, although no call failed."""

import errno
import re

from .decisive import PROGRESS, decider, failure, has_gone_on
from .gave_up import WORK
from .harmless import KNOWN_EMPTY, REPORTING
from .trace import Call, Signal, Trace, Traced

STARTS = re.compile(r"^(?:bind|listen|clone|clone3)$")
"""What begins to serve: a socket, or a thread."""
SERVES = re.compile(rf"{STARTS.pattern}|^accept")
OF_MODULES = re.compile(r"/\.?node_(?:modules|libraries)(?:/|$)|/lib/node(?:/|$)|-packages(?:/|$)")
LOCK = "futex"
PYTHON = re.compile(r"(?:python|pypy)[\d.]*$")
"""What has no threads but those of the program: one that waits for a lock does so for a queue."""
SLEEP = re.compile(r"\w*nanosleep$")
NAP = 100
"""In milliseconds."""
ON_PEERS = re.compile(r"p?poll$|p?select|epoll_p?wait|recv")
SOON = 3000
"""In milliseconds: what works for longer than that may have done its work."""

LATEST = 60
"""How many calls before the end are looked through for files."""
RUNNING = re.compile(r"^(?:/var)?/(?:run|lock)/")
"""Where programs write that they run."""


def opened_last(trace: Trace) -> Call | None:
    """Return the call that opened a file, if a process ended after it and no call had failed."""
    process = decider(trace)
    if process is None or process.ended is None or failure(trace):
        return None
    own = (call for call in reversed(trace.of(process.number)) if not call.error)
    # A library that is loaded for it says nothing: the account's own file matters.
    opened = (
        c for c in own if PROGRESS.match(c.name) and (has_gone_on(c) or c.path in KNOWN_EMPTY)
    )
    return next((c for c in opened), None)


def opened(trace: Trace) -> list[str]:
    """Return the files that the deciding process opened at last, the last one first."""
    process = decider(trace)
    late = trace.of(process.number)[-LATEST:] if process else []
    calls = (call for call in reversed(late) if call.name.startswith("open") and not call.error)
    return [*dict.fromkeys(call.path for call in calls)]


def out_of_stack(trace: Trace) -> Signal | None:
    """Return the crash of the process that decided the end, where its stack was used up."""
    process = decider(trace)
    crashes = (s for s in trace.signals if s.out_of_stack and process)
    return next((s for s in crashes if process and s.process == process.number), None)


def unkept(trace: Trace) -> Call | None:
    """Return what a program listened on, or a thread of it waited in, when it ended with 0.

    Only where it did nothing else since: a job may answer at a port, or send signs of life from a
    thread, while it works.
    """
    first, last = trace.first, started_last(trace)
    if first is None or last is None:
        return None
    calls = [call for call in trace.of(first.number) if not call.error]
    has_socket = any(call.name in ("bind", "listen") for call in calls)
    waits = (wait for wait in trace.waits if wait.process == first.number)
    is_python = bool(PYTHON.match(first.name))
    idle = next(
        (w for w in waits if _is_idle(w, has_socket=has_socket) or (is_python and w.name == LOCK)),
        None,
    )
    if last.name == "listen":
        return last
    return None if _has_sent(first) else idle


def _has_sent(process: Traced) -> bool:
    """Tell whether a process read or wrote what was open, after it had started its last thread."""
    begun = [at for at, step in enumerate(process.last) if step.startswith("clone")]
    return any(map(WORK.match, process.last[begun[-1] + 1 if begun else 0 :]))


def started_last(trace: Trace) -> Call | None:
    """Return how a program began to serve, or a thread, after which it ended with 0 at once."""
    first = trace.first
    if first is None or first.ended is None or first.status or first.signal:
        return None
    calls = [call for call in trace.of(first.number) if not call.error]
    tells = (c for c in reversed(calls) if SERVES.match(c.name) or has_gone_on(c))
    last = next(tells, None)
    if last is None or not STARTS.match(last.name) or first.ended - last.at > SOON:
        return None
    return last


def unless_started(trace: Trace, call: Call | None) -> Call | None:
    """Return a failed call, unless a thread was started after it that waits at the end.

    Then the program did without what failed, and got as far as it should.
    """
    start = started_last(trace) if call and unkept(trace) else None
    return None if call and start and call.at < start.at else call


def _is_idle(wait: Call, *, has_socket: bool) -> bool:
    """Tell whether a thread waits to serve, or to do something again.

    Runtimes have threads of their own, which nap for a moment or wait for any event.
    """
    if SLEEP.match(wait.name):
        return bool(wait.numbers) and wait.numbers[0] >= NAP
    return wait.name.startswith("accept") or (has_socket and bool(ON_PEERS.match(wait.name)))


def left_behind(trace: Trace) -> Traced | None:
    """Return a process that the first one left behind when it ended with 0, if there is one.

    Of several the last one, but not what that has started itself.
    """
    first = trace.first
    if first is None or first.ended is None or first.status or first.signal:
        return None
    left = [p for p in trace.processes.values() if p.ended is None]
    numbers = {p.number for p in left}
    own = (p for p in left if p.parent not in numbers)
    return max(own, key=lambda p: p.began, default=None)


def outlived(trace: Trace) -> Traced | None:
    """Return the process in which a program goes on that has moved into the background.

    One that ends over a port which is in use was started beside the process that has it.
    """
    left = left_behind(trace)
    if left is None or trace.first is None or worked_on(trace, left):
        return None
    call = failure(trace, trace.first)
    if call and (call.name, call.error) == ("bind", errno.EADDRINUSE):
        return None
    return None if (trace.first.ended or 0) - left.began > SOON else left


def worked_on(trace: Trace, left: Traced) -> bool:
    """Tell whether a job did its work after it had started a process that it left behind.

    It may have started it for that: an agent, or a database.
    """
    behind = {left.number}
    for process in trace.processes.values():  # each comes after its parent
        if process.parent in behind:
            behind.add(process.number)
    later = (c for c in trace.calls if c.at > left.began and c.process not in behind)
    return any(map(_has_worked, later))


def _has_worked(call: Call) -> bool:
    """Tell whether a call asks a peer, or writes results; a pid file is none."""
    return call.is_network or (_has_written(call) and not RUNNING.match(call.path))


def has_results(trace: Trace) -> bool:
    """Tell whether a program wrote to a file or asked a peer, as a job does that has worked."""
    return any(
        not c.error and not c.name.startswith("mkdir") and _has_worked(c) for c in trace.calls
    )


def did_without(trace: Trace) -> bool:
    """Tell whether a job ended with 0 although it could not reach something, and had written.

    It wrote its results, so it can do without what it could not reach.
    """
    process, lost = decider(trace), failure(trace)
    if process is None or process.failed or lost is None or not lost.is_network:
        return False
    return any(map(_has_written, trace.of(process.number)))


def _has_written(call: Call) -> bool:
    makes = call.writes or call.name.startswith(("rename", "mkdir", "link", "symlink"))
    return makes and not call.error and not REPORTING.search(call.path)


def looks_for(call: Call, module: str) -> bool:
    """Tell whether a call asks for a module of a language, or for where such are kept."""
    is_place = OF_MODULES.search(call.path) or f"/{module}" in call.path
    return call.error in (errno.ENOENT, errno.ENOTDIR) and bool(is_place)


def how_ended(process: Traced) -> str:
    """Return the status or the signal with which a process ended, for a sentence."""
    return f"signal {process.signal}" if process.signal else f"status {process.status}"
