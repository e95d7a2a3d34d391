"""How a process ended, in words; standard library only, as for its supervisor."""

import signal

from . import cgroup

FAULTS = {
    signal.SIGSEGV: "native code used memory that is not its own",
    signal.SIGBUS: "native code used memory that is not there, or a mapped file was cut short",
    signal.SIGFPE: "native code divided by zero",
    signal.SIGILL: "native code is for another processor",
    signal.SIGABRT: "native code gave up on itself",
    signal.SIGSYS: "a system call that this container forbids was used",
    signal.SIGTRAP: "native code hit a trap",
}


def why_killed(number: int, *, here: bool, machine: bool) -> tuple[str, str]:
    """Return what a signal that killed the service means, and the part of the runbook.

    `here` and `machine` say whether the kernel has killed for memory in this container, or anywhere
    on the machine, since the service started.
    """
    name = signal_name(number)
    if number in FAULTS:
        return f"killed by {name}: {FAULTS[signal.Signals(number)]}", "pattern-dependencies"
    if number != signal.SIGKILL:
        return f"killed by {name}, sent by a process that may do so", "killed-from-outside"
    if here:
        limit = megabytes(cgroup.memory_limit())
        words = f"killed by the kernel: it needed more than the {limit} of memory"
        return f"{words} that this container may use", "pattern-memory"
    words = f"killed by {name} from outside; not for its memory"
    if machine:  # another container's, or the machine's own: its counter does not tell
        words += " limit, but the kernel killed for memory on this machine meanwhile: see its dmesg"
    return words, "killed-from-outside"


def signal_name(number: int) -> str:
    """Return the name of a signal, or its number if it has none."""
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def peak(process: int) -> int | None:
    """Return the most memory that a process had at once, in bytes."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as status:  # noqa: PTH123 - no pathlib
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def read_pages(process: int) -> int:
    """Return how many pages of memory it had to read from a disk: proc(5), majflt."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123
            return int(stat.read().rpartition(")")[2].split()[9])
    except OSError:
        return 0


def megabytes(number: int | None) -> str:
    """Return a number of bytes in MiB, for a person."""
    return "unknown" if number is None else f"{number / 1_048_576:.0f} MiB"
