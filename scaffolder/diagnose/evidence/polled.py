"""What a program that runs asks for again and again, in vain."""

import errno

from .harmless import PROBES
from .trace import Call, Trace
from .waits import SLEEPS

OFTEN = 3
PAUSE = 400
"""Milliseconds for which a program at least goes on to ask for what it waits for."""
LATELY = 3000
"""How many milliseconds before the end of what was seen it has asked last."""


def polled(trace: Trace) -> Call | None:
    """Return the call for a path that is never there, which a process that runs repeats."""
    until = max((call.at for call in trace.calls), default=0)
    sought: dict[tuple[int, str], int] = {}
    for call in reversed(trace.calls):
        process = trace.processes.get(call.process)
        looks = PROBES.match(call.name) or call.name.startswith(("open", "connect"))
        where = call.path or call.address
        if not looks or not where.startswith("/") or process is None or process.ended is not None:
            continue
        key = (call.process, where)
        if call.error != errno.ENOENT or (until - call.at > LATELY and key not in sought):
            continue
        sought[key] = sought.get(key, 0) + call.times
        is_found = any(c.path == where and not c.error for c in trace.of(call.process))
        if sought[key] >= OFTEN and not is_found:
            return call
    return None


def goes_on(trace: Trace, call: Call) -> bool:
    """Tell whether a program asks for a path beyond its start: it sleeps in between, and wakes.

    What it repeats without anything else is one call in a trace, of the time of the first.
    """
    asked = [c.at for c in trace.of(call.process) if c.path == call.path]
    sleeps = (w for w in trace.waits if w.process == call.process and w.name in SLEEPS)
    woke = any(wait.at - wait.waited - call.at >= PAUSE for wait in sleeps)
    return max(asked) - min(asked) >= PAUSE or (call.times >= OFTEN and woke)
