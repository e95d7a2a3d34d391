"""The failed call that a program gave up over: it ended by itself, with nothing else in between."""

import errno
import re
from itertools import pairwise

from .decisive import decider, failure, has_gone_on, is_there
from .harmless import PROBES, REPORTING, insists_in_vain, matters
from .trace import Call, Trace, Traced

WORK = re.compile(r"^(?:p?write(?:v|64)?|send(?:to|msg|file)|p?read(?:v|64)?|recv\w*)=[1-9]")
"""Calls, with their results, by which a program that prints nothing works on what is open."""
PAUSE = 50
"""In milliseconds: a program asks once, and its C library several times without a pause."""
OF_SYSTEM = re.compile(r"/(?:dev|proc)/|/tmp/hsperfdata_")
"""Where a system or a virtual machine writes, whatever the program does."""
OFTEN = 3
"""How many times a program asks before that is called again and again."""


def gave_up(trace: Trace) -> Call | None:
    """Return the failed call after which a program, or the last child of a shell, ended by itself.

    As `decisive.failure`, but also where the end is one with 0, and stricter: what read or wrote
    anything since has worked on. Its messages are not seen here: it must have printed none.
    """
    process = _last_failed(trace)
    call = failure(trace, process) if process else None
    return None if process is None or call is None or _works_on(process, call) else call


def kept_out(trace: Trace) -> Call | None:
    """Return what was there already as a program made it, and then ended with 0: a lock, perhaps.

    It has insisted on making it, and has done nothing since.
    """
    process = _last_failed(trace)
    for call in reversed(trace.of(process.number) if process else ()):
        if has_gone_on(call):
            return None
        if insists_in_vain(call):
            return call
    return None


def _last_failed(trace: Trace) -> Traced | None:
    """Return the process that decided the end, also of a shell that ends with 0 after a failure."""
    process = decider(trace)
    if process is None or process is not trace.first or process.failed:
        return process
    children = [c for c in trace.children(process.number) if c.ended is not None]
    worked = [child for child in children if child.name != "sleep"]
    last = worked[-1] if worked and worked[-1].failed else None
    later = [call for call in trace.of(process.number) if last and call.at > (last.ended or 0)]
    return process if last is None or any(map(has_gone_on, later)) else last


def _works_on(process: Traced, call: Call) -> bool:
    if process.failed:
        return False  # it wrote its message
    failed = f"{call.name}=-{call.error}"
    at = max((i for i, step in enumerate(process.last) if step == failed), default=-1)
    return any(map(WORK.match, process.last[at + 1 :]))


def has_worked(trace: Trace) -> bool:
    """Tell whether a program wrote a file, reached out, or started another one, or may have."""
    if not trace.processes:
        return True
    programs = [call for call in trace.calls if call.name.startswith("exec") and not call.error]
    writes = (c for c in trace.calls if c.writes and not c.error)
    is_written = any(not OF_SYSTEM.match(c.path) for c in writes)
    return is_written or len(programs) > 1 or any(call.is_network for call in trace.calls)


def found_last(trace: Trace) -> Call | None:
    """Return the last thing that a program asked for, found, and failed after.

    It may insist that nothing is there, as with a lock, or that the process in a pid file is gone.
    """
    process = decider(trace)
    if process is None or not process.failed:
        return None
    checks_process, calls = False, trace.of(process.number)
    for call in reversed(calls):
        if _finds(call) or (checks_process and call.path and has_gone_on(call)):
            return call
        if has_gone_on(call) or (call.error and matters(call) and not is_there(call, calls)):
            return None
        checks_process |= process_found(call) != 0
    return None


def process_found(call: Call) -> int:
    """Return the number of the process that a call asked for and found; 0 if it asks for none.

    Go asks for a descriptor of it, and sends signal 0 to that.
    """
    is_asked = call.name == "pidfd_open" or (call.name == "kill" and call.numbers[-1:] == (0,))
    return call.numbers[0] if is_asked and call.numbers and not call.error else 0


def _finds(call: Call) -> bool:
    if not call.path or REPORTING.search(call.path):
        return False
    return insists_in_vain(call) or (not call.error and bool(PROBES.match(call.name)))


def attempts(trace: Trace, call: Call | None) -> str:
    """Return how often, and for how long, the same was tried in vain; empty if once or twice."""
    if call is None:
        return ""
    same = [c for c in trace.calls if _asked(c) == _asked(call)]
    times = sum(c.times for c in same)
    if call.host:
        times = 1 + sum(later.at - one.at >= PAUSE for one, later in pairwise(same))
    seconds = (same[-1].at - same[0].at) / 1000 if same else 0.0
    if times < OFTEN:
        return ""
    return f"{times} times in {seconds:.1f} s"


def _asked(call: Call) -> tuple[object, ...]:
    return (call.name, call.error, call.path, call.where, call.host)


def in_vain(trace: Trace, call: Call) -> str:
    """Return what was asked for in vain, and how often, for a person."""
    if call.error == errno.ECONNREFUSED:
        what = f"{call.where} refused the connection"
    elif call.is_network:
        what = f"{call.host or call.where} was asked for (a copy has no network)"
    else:
        what = call.words
    often = attempts(trace, call)
    return f"{what}, {often}" if often and call.times == 1 else what
