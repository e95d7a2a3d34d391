"""The name that a program looked up again and again, in vain, until it gave up."""

from collections.abc import Sequence
from itertools import pairwise

from .decisive import has_gone_on
from .gave_up import OFTEN, PAUSE
from .trace import Call, Trace


def in_vain(trace: Trace) -> Call | None:
    """Return the last lookup of a name that a program insisted on, and after which it failed.

    It may sleep, log and start helpers in between: after the last attempt, it does nothing that it
    had not done after one of those before. A copy asks nobody, so nothing is said of one attempt.
    """
    asked = [call for call in trace.calls if call.host]
    first = trace.first
    if not asked or first is None or not first.failed or first.signal:
        return None
    last = asked[-1]
    same = [call for call in asked if call.host == last.host]
    return last if _paused(same) and not _goes_on(trace, same) else None


def goes_on_asking(trace: Trace, host: str) -> list[Call]:
    """Return how a program that still runs looks up a name, where it does nothing else any more."""
    same = [call for call in trace.calls if call.host == host] if trace.timed_out else []
    return same if len(same) >= OFTEN and _paused(same) and not _goes_on(trace, same) else []


def _paused(same: Sequence[Call]) -> bool:
    return any(later.at - one.at >= PAUSE for one, later in pairwise(same))


def _goes_on(trace: Trace, same: Sequence[Call]) -> bool:
    """Tell whether anything is done after the last attempt that was not done after one before."""
    last = same[-1]
    since = {_step(call) for call in trace.calls if call.at > last.at and has_gone_on(call)}
    before = {_step(c) for c in trace.calls if same[0].at < c.at < last.at and has_gone_on(c)}
    return not since <= before


def _step(call: Call) -> tuple[str, str]:
    return call.name, call.path or call.where or call.object
