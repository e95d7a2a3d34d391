"""What fails in a shell, although neither a call nor the status of what comes last shows it."""

import errno
import re
from dataclasses import replace
from posixpath import basename, dirname

from .harmless import PROBES
from .trace import Call, Trace, Traced

SHELL = re.compile(r"/(?:ba|da|a|z|k|mk)?sh$|/busybox$")
NOT_STARTED = (126, 127)
"""How a shell ends a child that could not execute a program (POSIX, sh, exit status)."""
SEVERAL = 8
"""More calls than there are directories in PATH."""


def is_shell(process: Traced) -> bool:
    """Tell whether a process runs a shell."""
    return bool(SHELL.search(process.program))


def masked(trace: Trace, process: Traced) -> Traced | None:
    """Return what failed in the last command of a shell, whose own status does not show it.

    That is the first part of a pipeline, or a command in `$(...)`: what comes last decides.
    """
    children = trace.children(process.number)
    last = children[-1] if is_shell(process) and children else None
    if last is None or last.failed or last.ended is None or process.status in NOT_STARTED:
        return None
    failed = (c for c in reversed(trace.children(last.number)) if c.failed)
    return next(failed, None) if is_shell(last) else None


def not_found(trace: Trace, process: Traced) -> Call | None:
    """Return how a shell sought a command on PATH in vain, before its child ended with 127.

    bash seeks before it forks, so that the child itself has asked for nothing.
    """
    if process.status != NOT_STARTED[1] or not process.parent:
        return None
    before = [call for call in trace.of(process.parent) if call.at <= process.began]
    sought = [call for call in before[-SEVERAL:] if PROBES.match(call.name) and call.path]
    last = sought[-1] if sought else None
    if last is None or last.error != errno.ENOENT or last.is_relative:
        return None
    name = basename(last.path)
    places = {dirname(call.path) for call in sought if basename(call.path) == name and call.error}
    return replace(last, name="execve") if len(places) > 1 else None
