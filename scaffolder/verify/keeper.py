"""A process that keeps another one, and everything that comes of it, within bounds.

It is run as a program of its own, so that it outlives a viscaffold that is killed: whatever it
started ends with the command, at a limit, or when nobody holds the other end of its stdin any more.

    stdin   a line of JSON (`Order`), then the numbers of signals to send to the command, one a line
    stdout  a line with the command's process, then one with its exit status and the limit, if any

Only the standard library is imported, for it has to start fast.
"""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER (prctl(2)): processes whose parent ended become the keeper's own."""

TICK, LOOK = 0.02, 0.5
"""Seconds between two looks: at the end of the command, and at memory and log."""


def adopt() -> None:
    """Become the parent of every process that the command leaves; Linux alone can do that."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def descendants() -> list[int]:
    """Return the processes that came of this one; none where there is no /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            after = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            parents.setdefault(int(after[1]), []).append(int(entry.name))
    found, waiting = [], [os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def memory() -> int:
    """Return the bytes that all descendants hold, but for those that they share."""
    page, total = os.sysconf("SC_PAGE_SIZE"), 0
    for process in descendants():
        with suppress(OSError):
            _, resident, shared = map(int, Path(f"/proc/{process}/statm").read_text().split()[:3])
            total += (resident - shared) * page
    return total


def reap() -> dict[int, int]:
    """Return the processes that have ended, with their exit status as subprocess has it."""
    ended = {}
    with suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            ended[process] = os.waitstatus_to_exitcode(status)
    return ended


def end(group: int) -> None:
    """Kill all descendants, and those that they start meanwhile."""
    while True:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
        left = descendants()
        for process in left:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        reap()
        if not left:
            return
        time.sleep(TICK / 4)


class Keeper:
    """The one command that is kept, from its start to its end."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Start it."""
        self.order = order
        self.deadline = time.monotonic() + order["seconds"]
        self.log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.most = os.fstat(self.log).st_size + order["log_bytes"]
        process = subprocess.Popen(
            order["run"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        self.pid = process.pid
        process.returncode = 0  # `reap` waits for it, and for all others
        say(str(self.pid))

    def watch(self) -> tuple[int, str]:
        """Wait for the end, and pass signals on; return the exit status, and the limit if any."""
        looked, pending = time.monotonic(), b""
        while True:
            ended = reap()
            if self.pid in ended:
                return ended[self.pid], ""
            now = time.monotonic()
            if now > self.deadline:
                return -signal.SIGKILL, "seconds"
            if now > looked + LOOK:
                looked = now
                if os.fstat(self.log).st_size > self.most:
                    return -signal.SIGKILL, "log_bytes"
                if memory() > self.order["memory"]:
                    return -signal.SIGKILL, "memory"
            if select.select([0], [], [], TICK)[0]:
                read = os.read(0, 1024)
                if not read:
                    return -signal.SIGKILL, "orphaned"
                *lines, pending = (pending + read).split(b"\n")
                for line in lines:
                    os.kill(self.pid, int(line))


def say(line: str) -> None:
    """Write a line to stdout, where somebody may still be."""
    with suppress(OSError):
        os.write(1, line.encode() + b"\n")


def main() -> None:
    """Keep the command that the first line of stdin orders."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1) or sys.exit(1)
    order = json.loads(line)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    adopt()
    try:
        keeper = Keeper(order)
    except OSError as error:
        say(f"! {error.strerror}")
        return
    status, limit = keeper.watch()
    end(keeper.pid)
    for command in order["after"]:
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
            )
    say(f"{status} {limit}")


if __name__ == "__main__":
    main()
