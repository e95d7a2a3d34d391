"""What proc(5) shows of a process; empty values where it cannot be read.

Files are opened without pathlib, which would add a tenth to the supervisor's memory.
"""

import os

NANOSECONDS = 1e9
STOPPED = "Tt"  # by a signal, or by a debugger


def state(process: int) -> str:
    """Return the letter of the process state, such as R for running."""
    return _fields(process)[0]


def read_pages(process: int) -> int:
    """Return how many memory pages it had to read from disk (majflt)."""
    return int(_fields(process)[9])


def peak(process: int) -> int | None:
    """Return its peak memory in bytes."""
    found = _status(process, "VmHWM:")
    return int(found.split()[0]) * 1024 if found else None


def handles(process: int, number: int) -> bool:
    """Tell whether it has a handler for a signal."""
    return bool(int(_status(process, "SigCgt:") or "0", 16) >> (number - 1) & 1)


def times(process: int) -> dict[str, tuple[float, float]]:
    """Return for each thread the seconds that it ran, and that it waited to run.

    A thread waits when it could run but has no CPU: others use it, or the container has used up
    its share.
    """
    found = {thread: read(f"{thread}/schedstat").split() for thread in _threads(process)}
    return {
        thread: (int(numbers[0]) / NANOSECONDS, int(numbers[1]) / NANOSECONDS)
        for thread, numbers in found.items()
        if numbers
    }


def children(process: int) -> list[int]:
    """Return its child processes, except those that were waited for."""
    return [int(n) for thread in _threads(process) for n in read(f"{thread}/children").split()]


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _threads(process: int) -> list[str]:
    tasks = f"/proc/{process}/task"
    try:
        return [f"{tasks}/{name}" for name in os.listdir(tasks)]
    except OSError:
        return []


def _fields(process: int) -> list[str]:
    # The second field is the name in parentheses, and may contain anything.
    return read(f"/proc/{process}/stat").rpartition(")")[2].split() or ["?"] + ["0"] * 50


def _status(process: int, name: str) -> str:
    for line in read(f"/proc/{process}/status").splitlines():
        if line.startswith(name):
            return line[len(name) :].strip()
    return ""
