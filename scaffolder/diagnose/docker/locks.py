"""Who holds a lock on a file, from the kernel's list of all of them (proc_locks(5))."""

import os
import re
from pathlib import Path

LOCKS = Path("/proc/locks")
HELD = re.compile(r"^\d+: \w+ +\w+ +\w+ +(\d+) ([\da-f]+):([\da-f]+):(\d+) ", re.MULTILINE)
"""One that is held; those that are waited for have an arrow before the kind."""
IDENTITY = re.compile(r"[\da-f]{64}")


def holders(path: str) -> tuple[str, ...]:
    """Return the ids of the containers whose processes hold a lock on a file."""
    try:
        found, listed = os.stat(path), LOCKS.read_text("ascii", "replace")  # noqa: PTH116
    except OSError:
        return ()
    own = (os.major(found.st_dev), os.minor(found.st_dev), found.st_ino)
    pids = (m[1] for m in HELD.finditer(listed) if (int(m[2], 16), int(m[3], 16), int(m[4])) == own)
    return tuple(dict.fromkeys(filter(None, map(_container, pids))))


def _container(pid: str) -> str:
    """Return the id of the container that a process is in; empty if none, or if it is gone."""
    try:
        match = IDENTITY.search(Path("/proc", pid, "cgroup").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return match[0] if match else ""
