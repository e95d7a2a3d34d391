"""Explains how the service ended. Standard library only, because the supervisor imports it."""

import signal
import time

from . import EXIT_IO, EXIT_SOFTWARE, cgroup
from .shared_state import shared

FAULTS = {
    signal.SIGSEGV: "native code used memory that it may not access",
    signal.SIGBUS: "native code used memory that does not exist, or a mapped file was truncated",
    signal.SIGFPE: "native code divided by zero",
    signal.SIGILL: "native code has an instruction that this processor does not have",
    signal.SIGABRT: "native code aborted the process",
    signal.SIGSYS: "it made a system call that this container forbids",
    signal.SIGTRAP: "native code hit a trap",
}
_TIMER = "a timer that it set expired ({}), and the signal had no handler"
KERNELS = {  # why the kernel itself sends these
    signal.SIGPIPE: "it wrote to a pipe or connection that nobody reads, and SIGPIPE had been reset"
    " to its default",
    signal.SIGALRM: _TIMER.format("signal.alarm, setitimer"),
    signal.SIGVTALRM: _TIMER.format("setitimer"),
    signal.SIGPROF: _TIMER.format("setitimer"),
    signal.SIGXCPU: "it used more CPU time than its limit (ulimit -t, RLIMIT_CPU)",
    signal.SIGXFSZ: "it wrote a file larger than its limit (ulimit -f, RLIMIT_FSIZE)",
}
SENT_SECONDS = 5.0  # a signal that the service sent to itself may take effect this late

Reason = tuple[str, str, str]  # level, message, section of the runbook


def explain(
    status: int, asked: int | None, announced: int | None, memory: cgroup.Kills
) -> tuple[int, Reason | None]:
    """Return the exit status, and how the service ended unless it has logged that itself.

    `status` is negative for a signal. `asked` is the signal that asked it to stop, `announced` the
    status that it announced, `memory` what the kernel killed for memory since it started.
    """
    if status >= 0:
        if status in (announced, EXIT_IO) or (asked and status == 0):
            return status, None
        what = (
            f"it ended with status {status} and did not say why: a traceback above does;"
            " without one, os._exit() in Python or exit() in a library was called"
        )
        return status or EXIT_SOFTWARE, ("CRITICAL", what, "ended-without-a-word")
    number = -status
    name = signal_name(number)
    if announced is not None and number == asked:
        return announced, None  # asked again after its end, which it logged
    if announced is not None:
        what = f"it had finished its work when {name} ended it; status {announced} stands"
        return announced, ("INFO", what, "exit-codes")
    if number == asked and not shared.beat:
        return 0, ("INFO", f"stopped by {name}, before it had started", "exit-codes")
    if number == asked:
        reset = "something in the service has reset it to its default"
        what = f"stopped by {name} at once, without finishing its requests: {reset}"
        return 0, ("WARNING", what, "signal-reset")
    return 128 + number, ("CRITICAL", *_why_killed(number, name, memory))


def _why_killed(number: int, name: str, memory: cgroup.Kills) -> tuple[str, str]:
    if shared.sent == number and time.monotonic() - shared.sent_at < SENT_SECONDS:
        place = shared.sender.decode("utf-8", "replace")
        return f"killed by {name}, which it sent to itself: {place}", "ended-without-a-word"
    if number in FAULTS:
        return f"killed by {name}: {FAULTS[signal.Signals(number)]}", "pattern-dependencies"
    if number in KERNELS:
        cause = KERNELS[signal.Signals(number)]
        return f"killed by {name}: {cause}; or another process sent it", "killed-from-outside"
    if number != signal.SIGKILL:
        return f"killed by {name}, sent by a process", "killed-from-outside"
    if memory.here:
        limit = megabytes(cgroup.memory_limit())
        words = f"killed by the kernel: it needed more than the {limit} of memory"
        return f"{words} that this container may use", "pattern-memory"
    return f"killed by {name} from outside; {_not_for_memory(memory)}", "killed-from-outside"


def _not_for_memory(memory: cgroup.Kills) -> str:
    if memory.machine == 0 or (memory.here == 0 and memory.machine is None):
        return "not for its memory"
    killed = "the kernel killed processes for memory on this machine meanwhile: see dmesg"
    if memory.here == 0:  # the machine's counter does not tell which container was short of memory
        return f"not for its memory limit, but {killed}"
    unknown = f"the cgroup files below {cgroup.ROOT} do not show it"
    more = f", and {killed}" if memory.machine else ""
    return f"whether for its memory is not known: {unknown}{more}"


def signal_name(number: int) -> str:
    """Return the name of a signal, or its number if it has none."""
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def megabytes(number: int | None) -> str:
    return "unknown" if number is None else f"{number / 1_048_576:.0f} MiB"
