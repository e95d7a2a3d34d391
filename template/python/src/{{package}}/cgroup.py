"""What the kernel says of the memory of this container, with cgroup version 2 or 1.

Files are opened without pathlib, which would take the supervisor a tenth of its memory.
"""

import os

ROOT = "/sys/fs/cgroup"
OWN = "/proc/self/cgroup"
MACHINE = "/proc/vmstat"
NO_LIMIT = 1 << 60  # version 1 writes about 2**63 for none


def memory_limit() -> int | None:
    """Return the limit in bytes; None if there is none, or it cannot be read."""
    text = _own("memory.max", "memory.limit_in_bytes").strip()
    limit = int(text) if text.isdecimal() else NO_LIMIT
    return limit if limit < NO_LIMIT else None


def killed_for_memory() -> int:
    """Return how many processes the kernel has killed here for want of memory."""
    return _count(_own("memory.events", "memory.oom_control"))


def killed_on_machine() -> int:
    """Return how many it has killed on the whole machine."""
    return _count(_read(MACHINE))


def _own(version_2: str, version_1: str) -> str:
    """Return what a file of either version says, or nothing."""
    return _read(f"{_directory('', ROOT)}/{version_2}") or _read(
        f"{_directory('memory', f'{ROOT}/memory')}/{version_1}"
    )


def _directory(controller: str, root: str) -> str:
    """Return this process's own directory below `root`; a container may see it as `root`."""
    for line in _read(OWN).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and os.path.isdir(root + path):  # noqa: PTH112
            return root + path
    return root


def _count(text: str) -> int:
    counts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(counts.get("oom_kill", 0))


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""
