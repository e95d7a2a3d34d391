"""What a program looked for in vain before the last thing, which may only stand in for it."""

import errno
from collections.abc import Sequence
from itertools import takewhile
from posixpath import basename, dirname

from .decisive import decider, has_gone_on, succeeds
from .gave_up import WORK
from .harmless import PROBES, REPORTING, matters
from .last_steps import OF_MODULES
from .trace import Call, Trace


def before(trace: Trace, last: Call) -> list[Call]:
    """Return the calls that looked for other files before the last one that failed, oldest first.

    The program has not got on since, and has found none of them elsewhere. Other places for the
    same name are no other files.
    """
    if not _looks(last) or last.error != errno.ENOENT:
        return []
    late = _since_progress(trace, last)
    found: dict[str, Call] = {}
    for at, call in enumerate(late):
        # What asks whether a file is there may do without it: the last call does no more, then.
        is_asked = call.name.startswith("open") or call.name == last.name
        is_other = call.stem != last.stem and call.error == errno.ENOENT and call.path != last.path
        if _looks(call) and is_asked and is_other and not succeeds(call, late[at + 1 :]):
            found.setdefault(call.path, call)
    return [*found.values()]


def beside(calls: Sequence[Call], last: Call) -> list[Call]:
    """Return those that looked in the same directory as the last one."""
    return [call for call in calls if dirname(call.path) == dirname(last.path)]


def at_once(trace: Trace, call: Call, last: Call) -> bool:
    """Tell whether a program wrote and read nothing between two failed calls, as far as is known.

    One that stands in for another is sought at once; who says something first has gone on.
    """
    process = trace.processes.get(last.process)
    steps = [*process.last] if process else []
    ends = f"{last.name}=-{last.error}"
    if ends not in steps:
        return True
    at = len(steps) - 1 - steps[::-1].index(ends)
    late = _since_progress(trace, last)
    between = len(late) - late.index(call) if call in late else 0
    for step in reversed(steps[:at]):
        if between <= 0:
            return True
        if WORK.match(step):
            return False
        between -= step.partition("=")[2].startswith("-")
    return True


def refused(trace: Trace, last: Call) -> Call | None:
    """Return how the user may not read a file that is there, if the last one is missing beside it.

    What was put there is needed rather than what nobody put there. That a name is missing in the
    same directory shows that this can be searched: the file itself is closed.
    """
    process = decider(trace)
    if not _looks(last) or last.error != errno.ENOENT or not (process and process.failed):
        return None
    late = _since_progress(trace, last)
    closed = (
        (at, c)
        for at, c in enumerate(late)
        if c.error == errno.EACCES and c.name.startswith("open") and _looks(c)
    )
    near = ((at, c) for at, c in closed if dirname(c.path) == dirname(last.path))
    return next((call for at, call in near if not succeeds(call, late[at + 1 :])), None)


def then(trace: Trace, needed: Call, last: Call | None) -> list[Call]:
    """Return how a program looked for other files in vain after the one that it needs."""
    if last is None or needed == last:
        return []
    calls = [*beside(before(trace, last), last), last]
    at = calls.index(needed) + 1 if needed in calls else 0
    return [call for call in calls[at:] if call.at >= needed.at]


def _since_progress(trace: Trace, last: Call) -> list[Call]:
    own = trace.of(last.process)
    at = len(own) - own[::-1].index(last) if last in own else 0
    late = [*takewhile(lambda call: not has_gone_on(call), reversed(own[: max(at - 1, 0)]))]
    return late[::-1]


def _looks(call: Call) -> bool:
    """Tell whether a call looks for a file that is to be there, and not one of a runtime's own."""
    asks = call.name.startswith("open") or bool(PROBES.match(call.name))
    if not asks or not basename(call.path) or call.creates or call.writes or not matters(call):
        return False
    return not OF_MODULES.search(call.path) and not REPORTING.search(call.path)
