"""What one process looks for in vain, while another one makes it in another directory."""

import errno
from posixpath import basename

from .trace import Call, Trace

OFTEN = 2
"""A program that waits for another one looks more than once."""


def beside(trace: Trace) -> tuple[Call, Call] | None:
    """Return how a process that failed looked for something, and how another one made that."""
    made = {where: call for call in trace.calls if (where := _made(call))}
    for call in reversed(trace.calls):
        path = place(call)
        process = trace.processes.get(call.process)
        if call.error != errno.ENOENT or call.creates or not (process and process.failed):
            continue
        same = (c for c in trace.calls if place(c) == path and c.process == call.process)
        times = [(c.error, c.times) for c in same]
        if path in made or not all(e for e, _ in times) or sum(n for _, n in times) < OFTEN:
            continue
        by = (c for at, c in made.items() if basename(at) == basename(path))
        other = next((c for c in by if c.process != call.process), None)
        if other:
            return call, other
    return None


def place(call: Call) -> str:
    """Return the path that a call is about: of a socket, its address."""
    return call.path or (call.address if call.address.startswith("/") else "")


def _made(call: Call) -> str:
    """Return what a call makes, or writes to; empty if nothing."""
    makes = call.writes or call.name in ("bind", "mkdir", "mkdirat", "mknod", "mknodat")
    if call.error or not (makes or call.other):
        return ""
    return call.made or place(call)
