"""Which user a process has become: `su`, and many daemons, give up the rights of root."""

import sys
from collections.abc import Mapping

from .trace import Call, Trace

USER = {"setuid": 0, "setreuid": 1, "setresuid": 1}
GROUP = {"setgid": 0, "setregid": 1, "setresgid": 1}
"""Which argument of a call is the effective user or group: credentials(7)."""


def became(trace: Trace, number: int, what: Mapping[str, int]) -> Call | None:
    """Return how a process, or one that it came from, took another user or group, if any did."""
    until = sys.maxsize
    while process := trace.processes.get(number):
        own = [call for call in trace.of(number) if call.at <= until]
        changes = (c for c in reversed(own) if not c.error and effective(c, what) >= 0)
        change = next(changes, None)
        if change:
            return change
        number, until = process.parent, process.began
    return None


def effective(call: Call, what: Mapping[str, int]) -> int:
    """Return the user or group whose rights a call gives; -1 for none."""
    at = what.get(call.name, -1)
    return call.numbers[at] if 0 <= at < len(call.numbers) else -1


def in_words(trace: Trace, change: Call) -> str:
    """Return the user that a call gives, and the group that its process took, as `1000:1000`."""
    group = became(trace, change.process, GROUP)
    numbers = [effective(change, USER), *([effective(group, GROUP)] if group else [])]
    return ":".join(map(str, numbers))
