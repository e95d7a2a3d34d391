"""Which failed call a program ended over: the last one that it did not get over.

Programs try much that fails: libraries in many directories, translations, optional files. What
failed does not matter where the same name succeeds later, or where the program goes on and opens
something else. So the calls are read backwards from the end of the process that decided it.
"""

import errno
import re
import signal
from collections.abc import Sequence
from posixpath import basename, dirname

from .harmless import PROBES, REPORTING, matters
from .shells import NOT_STARTED, masked, not_found
from .trace import Call, Signal, Trace, Traced

PROGRESS = re.compile(r"^(?:open|execve|connect|bind|listen|chdir|mkdir|rename|link|symlink|creat)")
"""Calls after whose success a program has gone on."""

WRAPPER = re.compile(
    r"(?:su|sudo|doas|runuser|tini|dumb-init|docker-init|catatonit|timeout|flock)$"
)
"""What runs another program as its child, cleans up after that, and ends with the same status."""
DNS = 53
ZONES, ARCHIVE = "/zoneinfo/", "/zoneinfo.zip"
"""In which directories a zone of time is, and where Go looks in the end."""
SEVERAL = 8
"""More calls than there are places for a zone."""
AFTERWARDS = 400
"""How many calls before the end of a process are read."""
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""Signals that programs handle, to end in their own way."""
TIMERS = (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF)
"""Signals of a timer of its own: it had got over whatever failed before."""
REFUSALS = {errno.EPERM, errno.EACCES}
NO_REFUSALS = ("epoll_ctl",)
"""Calls that answer so for what they are no use to: a regular file (epoll_ctl(2))."""
FOUND_ELSEWHERE = {errno.ENOENT, errno.ENOTDIR, errno.EACCES}


def decider(trace: Trace) -> Traced | None:
    """Return the process that decided the end: the first, or a child whose failure it passed on.

    It passes it on where nothing happened between the child's end and its own.
    """
    process, seen = trace.first, set()
    while process and process.number not in seen:
        seen.add(process.number)
        failed = [c for c in reversed(trace.children(process.number)) if c.failed]
        # Who loses one child ends the others.
        last = next((c for c in failed if not _is_killed_by(trace, process, c)), None)
        last = last or next(iter(failed), None) or masked(trace, process)
        if last is None or last.ended is None or not process.failed:
            return process
        # A script that could not start a program may note that in a file before it ends.
        noted = last.status in NOT_STARTED and failure(trace, last) is not None
        own = (call for call in trace.of(process.number) if call.at > last.ended)
        later = [call for call in own if not (noted and call.writes)]
        ends_as_it = bool(WRAPPER.match(process.name)) and process.status == last.status
        if not ends_as_it and (any(map(has_gone_on, later)) or _last_failure(later)):
            return process
        process = last
    return process


def _is_killed_by(trace: Trace, killer: Traced, killed: Traced) -> bool:
    kills = (c for c in trace.of(killer.number) if c.name == "kill" and not c.error)
    return killed.signal > 0 and any(c.numbers == (killed.number, killed.signal) for c in kills)


def failure(trace: Trace, process: Traced | None = None) -> Call | None:
    """Return the failed call that the program, or a process, ended over; None if there is none.

    What a JVM loads of itself, wherever that is, it loads to end as well: that is no progress.
    """
    process = process or decider(trace)
    if process is None or process.ended is None or handled_signal(trace, process):
        return None
    if process.signal in TIMERS:
        return None
    late = trace.of(process.number)[-AFTERWARDS:]
    home = dirname(dirname(process.program)) if process.name == "java" else ""
    own = (f"{home}/lib/", f"{home}/release") if home not in ("", "/", "/usr", "/usr/local") else ()
    late = [call for call in late if not own or not call.path.startswith(own)]
    return _last_failure(late, process.last[-1:]) or not_found(trace, process)


def _last_failure(late: Sequence[Call], last: Sequence[str] = ()) -> Call | None:
    """Return the failed call; `last` is the very last one of all, in words."""
    after: list[Call] = []
    for at in reversed(range(len(late))):
        call = late[at]
        if has_gone_on(call):
            return None
        # What often fails without harm matters where nothing at all is done after it.
        is_final = not after and (
            (call.error in REFUSALS and call.name not in NO_REFUSALS) or _asked_last(call, last)
        )
        is_light = (
            is_there(call, late)
            or _is_for_local_time(call, late[:at])
            or _is_of_pattern(call, late[at + 1 :])
        )
        is_grave = (matters(call) or is_final or _resolves(call, late[:at])) and not is_light
        if is_grave and not succeeds(call, after):
            return _plainest(call, late[: at + 1])
        after.append(call)
    return None


def _asked_last(call: Call, last: Sequence[str]) -> bool:
    """Tell whether a program does nothing after it asks for a path: not even write a message."""
    asks = PROBES.match(call.name) or call.name.startswith("open")
    in_vain = call.error in FOUND_ELSEWHERE and f"{call.name}=-{call.error}" in last
    return bool(call.path) and bool(asks) and in_vain


def _resolves(call: Call, before: Sequence[Call]) -> bool:
    """Tell whether a path is resolved, one name after the other, that does not exist (realpath)."""
    above = dirname(call.path)
    return call.error == errno.ENOENT and any(
        other.path == above and other.name == call.name and other.error == errno.EINVAL
        for other in before[-1:]
    )


def _is_of_pattern(call: Call, later: Sequence[Call]) -> bool:
    """Tell whether a shell asks for what a pattern matches, and finds nothing.

    It then leaves the pattern as it is, and a script asks whether there is such a file.
    """
    asked = (c for c in (call, *later[:1]) if "*" in basename(c.path) and PROBES.match(c.name))
    return any(call.path in (c.path, dirname(c.path)) for c in asked)


def _is_for_local_time(call: Call, before: Sequence[Call]) -> bool:
    """Tell whether Go looks in the archive of its sources as it has no local time, for a message.

    A zone that the program asks for by name is sought there, too, after all other places.
    """
    by_name = any(ZONES in other.path for other in before[-SEVERAL:])
    return call.path.endswith(ARCHIVE) and not by_name


def is_there(call: Call, calls: Sequence[Call]) -> bool:
    """Tell whether what is missing exists by another call: a link that leads nowhere."""
    makes = (other for other in calls if other.error == errno.EEXIST)
    return call.error == errno.ENOENT and any(other.made == call.path for other in makes)


def kills_first(trace: Trace, call: Call, number: int) -> bool:
    """Tell whether a process signals PID 1, which in a copy is the tracer, and passes it on."""
    is_other = trace.first is not None and call.process != trace.first.number
    return is_other and call.name == "kill" and not call.error and call.numbers == (1, number)


def handled_signal(trace: Trace, process: Traced) -> Signal | None:
    """Return the signal of another process of the container that a process failed upon, if any."""
    if process.signal or not process.failed:
        return None
    sent_to = trace.calls if process is trace.first else ()
    sent = (
        s
        for s in reversed(trace.signals)
        if s.process == process.number
        and s.number in ENDING
        and (s.sender in trace.processes or any(kills_first(trace, c, s.number) for c in sent_to))
    )
    last = next(sent, None)
    if last is None or last.sender == process.number:
        return None
    later = (call for call in trace.of(process.number) if call.at > last.at)
    return None if any(map(has_gone_on, later)) else last


def _plainest(call: Call, until: Sequence[Call]) -> Call:
    """Return the call that says most of a name: the one that was refused, or that opened it.

    `touch` is refused to make a file, and then does not find it; others ask whether it is there.
    """
    same = [c for c in reversed(until[-5:]) if c.path and c.path == call.path and matters(c)]
    refused = (c for c in same if c.error != errno.ENOENT)
    opened = (c for c in same if not PROBES.match(c.name))
    return next(refused, None) or next(opened, call)


def succeeds(call: Call, later: Sequence[Call]) -> bool:
    """Tell whether the same was found under another name, or the same call worked at last.

    That is the name in another place, or with other endings in the same one.
    """
    done = [other for other in later if not other.error]
    if call.path and call.error in FOUND_ELSEWHERE:
        beside = (o for o in done if o.stem == call.stem and dirname(o.path) == dirname(call.path))
        same = (o for o in done if basename(o.path) == basename(call.path))
        return any(same) or any(beside)
    return bool(call.address) and any(
        (other.name, other.port) == (call.name, call.port) for other in done
    )


def has_gone_on(call: Call) -> bool:
    """Tell whether a program has got on with its work by a call."""
    if call.error or call.port == DNS or not PROGRESS.match(call.name):
        return False
    return not REPORTING.search(call.path or call.address or call.object)
