"""What a program expects of its standard input, before it ends."""

import errno

from .decisive import decider, has_gone_on
from .trace import Trace

NEAR_END = 3
"""How many calls before the very last one may clean up, or write a message."""


def reads_nothing(trace: Trace) -> bool:
    """Tell whether a process read the end of its standard input, and ended without going on.

    A shell gives it other files by turns (`while read line; do ... done <file`), and pipes from
    other commands: the container's own input is none, without -i.
    """
    process = decider(trace)
    if process is None or process.ended is None:
        return False
    for call in reversed(trace.of(process.number)):
        if call.name == "read" and not call.error and call.descriptor == 0:
            return not call.object or call.object.startswith("/dev/")
        if has_gone_on(call):
            return False
    return False


def asks_for_terminal(trace: Trace) -> bool:
    """Tell whether a process asked last if its standard input is a terminal, which it is not.

    A runtime asks that as it starts, and works on; a C library asks it of an output.
    """
    process = decider(trace)
    if process is None or process.ended is None or not process.failed:
        return False
    last = process.last[-NEAR_END:]
    late = trace.of(process.number)[-1:]
    asked = [c for c in late if c.name == "ioctl" and c.error == errno.ENOTTY and not c.descriptor]
    return bool(asked) and f"ioctl=-{errno.ENOTTY}" in last
