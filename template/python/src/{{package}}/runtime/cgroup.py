"""The memory of this container, as the kernel reports it in cgroup version 2 or 1."""

import os

from .procfs import read

ROOT = "/sys/fs/cgroup"
OWN = "/proc/self/cgroup"
MACHINE = "/proc/vmstat"
NO_LIMIT = 1 << 60  # version 1 writes about 2**63 for no limit


class Kills:
    """How many processes the out-of-memory killer has ended; None where that is not known."""

    def __init__(self, here: int | None, machine: int | None) -> None:
        self.here = here  # in this container
        self.machine = machine

    def since(self, before: "Kills") -> "Kills":
        """Return how many came after `before`."""
        return Kills(_more(self.here, before.here), _more(self.machine, before.machine))


def kills() -> Kills:
    """Return the counts up to now."""
    return Kills(_count(own("memory.events", "memory.oom_control")), _count(read(MACHINE)))


def memory_limit() -> int | None:
    """Return the limit in bytes; None if there is none or it cannot be read."""
    text = own("memory.max", "memory.limit_in_bytes").strip()
    limit = int(text) if text.isdecimal() else NO_LIMIT
    return limit if limit < NO_LIMIT else None


def own(version_2: str, version_1: str) -> str:
    """Return the content of the file of either version, or an empty text."""
    memory = _directory("memory", f"{ROOT}/memory")
    return read(f"{_directory('', ROOT)}/{version_2}") or read(f"{memory}/{version_1}")


def _directory(controller: str, root: str) -> str:
    """Return the cgroup directory of this process; in a container it may be `root` itself."""
    for line in read(OWN).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and os.path.isdir(root + path):
            return root + path
    return root


def _count(text: str) -> int | None:
    counts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(counts["oom_kill"]) if "oom_kill" in counts else None


def _more(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before
