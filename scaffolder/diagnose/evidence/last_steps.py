"""What a program did last before it ended, although no call failed."""

from .decisive import KNOWN_EMPTY, PROGRESS, decider, failure, has_gone_on
from .trace import Call, Trace, Traced


def reads_nothing(trace: Trace) -> bool:
    """Tell whether a process read the end of its standard input, and ended without going on."""
    process = decider(trace)
    if process is None or process.ended is None:
        return False
    for call in reversed(trace.of(process.number)):
        if call.name == "read" and not call.error and call.descriptor == 0:
            return True
        if has_gone_on(call):
            return False
    return False


def opened_last(trace: Trace) -> Call | None:
    """Return the call that opened a file, if a process failed after it and nothing else failed."""
    process = decider(trace)
    if process is None or not process.failed or failure(trace):
        return None
    own = (call for call in reversed(trace.of(process.number)) if not call.error)
    # A library that is loaded for it says nothing: the account's own file matters.
    opened = (
        c for c in own if PROGRESS.match(c.name) and (has_gone_on(c) or c.path in KNOWN_EMPTY)
    )
    return next((c for c in opened), None)


def outlived(trace: Trace) -> Traced | None:
    """Return a process that the first one left behind when it ended with 0, if there is one."""
    first = trace.first
    if first is None or first.ended is None or first.status or first.signal:
        return None
    return next((p for p in trace.processes.values() if p.ended is None), None)
