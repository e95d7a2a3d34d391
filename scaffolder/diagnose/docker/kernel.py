"""The kernel's log, where this user may read it: crashes of native code, and OOM kills."""

import os
import time

from scaffolder.diagnose.evidence.kernel_log import CRASH, KILL, Message

LIMIT = 4 * 1024 * 1024


def messages() -> tuple[Message, ...]:
    """Return the lines about crashes and kills; none if they cannot be read."""
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
