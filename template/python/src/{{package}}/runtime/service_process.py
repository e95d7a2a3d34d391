"""The process of the service, for its supervisor: signals to it, and lines about it."""

import os
import signal
import time

from . import cgroup, exit_reason, procfs, stdio
from .progress import Progress
from .shared_state import shared
from .supervised import DUMP

DUMP_SECONDS = 0.3  # to write the stacks


class ServiceProcess:
    def __init__(self, number: int) -> None:
        self.number = number
        self.began = time.monotonic()
        self.progress = Progress(number)
        self.killed = False  # by the supervisor
        self.peak: int | None = None  # bytes of memory, known when it has ended
        self.reported: set[str] = set()  # conditions that last, and are reported once

    def announced(self) -> int | None:
        """Return the exit status that the service announced; ignore those of forked processes."""
        return shared.announced() if shared.owner == self.number else None

    def send(self, number: int) -> None:
        """Send it a signal if this user may: the service can have changed its user."""
        try:
            os.kill(self.number, number)
        except OSError as error:
            what = f"cannot send {exit_reason.signal_name(number)} to it: {error.strerror}"
            self.say_once(what, "ERROR", what, "stop-hangs")

    def kill(self, why: str, page: str) -> None:
        """Kill it, once; the log shows where it is stuck."""
        if not self.killed:
            self.killed = True
            self.say_with_stacks("CRITICAL", why, page, ", and it is killed")
            time.sleep(DUMP_SECONDS)
            self.send(signal.SIGKILL)

    def say(self, level: str, what: str, page: str) -> None:
        """Log a line with what is known about it, and the section of the runbook."""
        seconds = time.monotonic() - self.began
        limit = cgroup.memory_limit()
        memory = f"memory {exit_reason.megabytes(self.peak or procfs.peak(self.number))}"
        if limit:
            memory += f" of {exit_reason.megabytes(limit)}"
        say(level, f"{what} (process {self.number}, up {seconds:.1f} s, {memory})", page)

    def say_once(self, key: str, level: str, what: str, page: str) -> None:
        """Log a line, unless `key` has been reported and still holds."""
        if key not in self.reported:
            self.reported.add(key)
            self.say(level, what, page)

    def say_with_stacks(self, level: str, what: str, page: str, then: str = "") -> None:
        """Log a line, and have the service write the stacks of its threads.

        The signal that asks for them needs a handler: without one, it kills.
        """
        can = procfs.handles(self.number, DUMP) and not self.progress.stopped
        stacks = "the stacks follow" if can else "it can no longer show its stacks"
        self.say(level, f"{what}; {stacks}{then}", page)
        if can:
            self.send(DUMP)


def say(level: str, what: str, page: str) -> None:
    """Log a line of the supervisor."""
    stdio.say(level, "supervisor", f"{what}; docs/runbook.md#{page}")
