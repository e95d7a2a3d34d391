"""Lines of the kernel's log: crashes of native code, and OOM kills."""

import re
from dataclasses import dataclass
from datetime import datetime

NEAR_SECONDS = 1.5

CRASH = re.compile(
    r"(?:traps: )?(\S+)\[(\d+)\]:? "
    r"(segfault at \S+|trap invalid opcode|trap \w[\w ]+|general protection fault)"
)
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


def kills_in(found: tuple[Message, ...], identity: str) -> list[Message]:
    """Return the OOM kills in a container."""
    return [m for m in found if (k := KILL.search(m.text)) and k[1] == identity]
