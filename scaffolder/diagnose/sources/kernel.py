"""The kernel's log, where this user may read it: crashes of native code, and kills for memory."""

import os
import re
import time
from dataclasses import dataclass
from datetime import datetime

LIMIT = 4 * 1024 * 1024
NEAR_SECONDS = 1.5

CRASH = re.compile(
    r"(?:traps: )?(\S+)\[(\d+)\]:? "
    r"(segfault at \S+|trap invalid opcode|trap \w[\w ]+|general protection fault)"
)
KILL = re.compile(r"oom-kill:.*?task_memcg=\S*?([0-9a-f]{64})\S*,task=([^,]+),pid=(\d+)")


@dataclass(frozen=True)
class Message:
    """A line of the kernel's, with the time since 1970."""

    time: float
    text: str


def messages() -> tuple[Message, ...]:
    """Return the lines on crashes and kills; none where they cannot be read."""
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    found, read = [], 0
    try:
        descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        while read < LIMIT:
            try:
                record = os.read(descriptor, 8192)
            except BrokenPipeError:  # the next record was overwritten meanwhile
                continue
            read += len(record)
            head, _, text = record.decode("utf-8", "replace").partition(";")
            line = text.split("\n", 1)[0]
            if CRASH.search(line) or KILL.search(line):
                found.append(Message(boot + int(head.split(",")[2]) / 1e6, line))
    except (OSError, ValueError, IndexError):
        pass  # all is read, or the rest cannot be
    finally:
        os.close(descriptor)
    return tuple(found)


def crash_at(found: tuple[Message, ...], ended: datetime | None, names: set[str]) -> Message | None:
    """Return the crash, nearest to when its container ended, of a program of one of these names."""
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
    """Return the kills for memory in a container."""
    return [m for m in found if (k := KILL.search(m.text)) and k[1] == identity]
