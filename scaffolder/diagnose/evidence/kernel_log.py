"""Lines of the kernel's log: crashes of native code, and OOM kills."""

import re
from dataclasses import dataclass
from datetime import datetime

NEAR_SECONDS = 1.5

CRASH = re.compile(
    r"(?:traps: )?(\S+)\[(\d+)\]:? "
    r"(segfault at \S+|trap invalid opcode|trap \w[\w ]+|general protection fault)"
)
FAULT = re.compile(r"segfault at ([0-9a-f]+) ip [0-9a-f]+ sp ([0-9a-f]+) error ([0-9a-f]+)")
MODULE = re.compile(r" in (\S+?)\[[0-9a-f]+[,+]")
NULL_PAGE = 4096
"""Below this nothing is mapped: what is there is a null pointer, or a field behind one."""
RED_ZONE, FRAME = 128, 1 << 20
"""How far below its stack pointer a function writes, and how much it has above, in bytes."""
PROTECTED = 1
"""The bit of the error that says that there is a page, which may not be used so."""
FIRST_STACKS = 0x7FF0_0000_0000
"""Where the stack of the first thread is, on amd64; those of others are below."""
KILL = re.compile(r"oom-kill:.*?task_memcg=\S*?([0-9a-f]{64})\S*,task=([^,]+),pid=(\d+)")


@dataclass(frozen=True)
class Message:
    """A line of the kernel's log, with its Unix time."""

    time: float
    text: str


def crash_at(found: tuple[Message, ...], ended: datetime | None, names: set[str]) -> Message | None:
    """Return the crash of a program with one of these names, nearest to the container's end."""
    if ended is None:
        return None
    near = [
        message
        for message in found
        if (match := CRASH.search(message.text))
        and match[1] in {name[:15] for name in names}
        and -0.5 < ended.timestamp() - message.time < NEAR_SECONDS
    ]
    return min(near, key=lambda m: abs(ended.timestamp() - m.time), default=None)


def module(message: Message) -> str:
    """Return the file whose code crashed, as the kernel names it: a program or a library."""
    match = MODULE.search(message.text)
    return match[1] if match else ""


def null_pointer(message: Message) -> str:
    """Return the address near zero that a program wanted to use; empty if it is another one."""
    match = FAULT.search(message.text)
    return match[1] if match and int(match[1], 16) < NULL_PAGE else ""


@dataclass(frozen=True)
class LostStack:
    """A crash where nothing is mapped at the stack pointer itself."""

    of_thread: bool
    """It is the stack of a thread other than the first."""


def lost_stack(message: Message) -> LostStack | None:
    """Tell whether a program crashed because its stack pointer had left its stack.

    A pointer that goes astray faults elsewhere: what is beside the stack pointer, and above it, is
    the frame of the function that runs.
    """
    match = FAULT.search(message.text)
    address, pointer, error = (int(part, 16) for part in match.groups()) if match else (0, 0, 1)
    if error & PROTECTED or pointer < FRAME or not pointer - RED_ZONE <= address < pointer + FRAME:
        return None
    return LostStack(of_thread=pointer < FIRST_STACKS)


def kills_in(found: tuple[Message, ...], identity: str) -> list[Message]:
    """Return the OOM kills in a container."""
    return [m for m in found if (k := KILL.search(m.text)) and k[1] == identity]
