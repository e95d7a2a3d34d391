"""What is verified is started here: bounded, and gone afterwards, however viscaffold ends.

Between viscaffold and each process that it starts stands a keeper (keeper.py), which ends it with
all that came of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from scaffolder import streams
from scaffolder.engine.git import REDIRECTIONS
from scaffolder.errors import ScaffoldError
from scaffolder.languages.base import Command

from .log import Log, read

KEEPER = Path(__file__).with_name("keeper.py")

LIMITS = {
    "seconds": "it took more than {} s",
    "memory": "it took more than {} bytes of memory",
    "log_bytes": "it wrote more than {} bytes",
}
"""How each limit is told."""

END_SECONDS = 90
"""In which a keeper has ended all that it kept."""


@dataclass(frozen=True)
class Limits:
    """What a command may take; at more than that it is killed."""

    seconds: float = 600
    memory: int = 6 << 30
    log_bytes: int = 64 << 20


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    """The exit status, as a shell has it."""
    limit: str = ""
    """In words, which limit it exceeded."""

    def __str__(self) -> str:
        """Return it in words."""
        if self.limit:
            return self.limit
        known = signal.Signals(self.status - 128).name if _is_signal(self.status) else ""
        return f"exit status {self.status}{f' ({known})' if known else ''}"


def _is_signal(status: int) -> bool:
    return status - 128 in {*map(int, signal.Signals)}


class Process:
    """A command that runs, and the part of a log that it writes."""

    def __init__(self, keeper: "subprocess.Popen[bytes]", log: Path, limits: Limits) -> None:
        """Take over a keeper that has its order."""
        self._keeper, self._log, self._limits = keeper, log, limits
        self._said = b""
        self._line(END_SECONDS)  # it has started, or this raises CannotStartError
        self.ended: Ended | None = None

    def log(self) -> str:
        """Return what it has written."""
        return read(self._log)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        assert self._keeper.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it has ended
            self._keeper.stdin.write(b"%d\n" % number)
            self._keeper.stdin.flush()

    def wait(self, seconds: float) -> Ended | None:
        """Wait for its end; return None if it has not ended by then."""
        if self.ended is None:
            line = self._line(seconds)
            if line:
                status, _, limit = line.partition(" ")
                self.ended = self._told(int(status), limit)
        return self.ended

    def wait_until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds, or it has ended; return whether it holds."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline or self.wait(0.02):
                return true()
        return True

    def _told(self, status: int, limit: str) -> Ended:
        shell = status if status >= 0 else 128 - status
        words = LIMITS[limit].format(asdict(self._limits)[limit]) if limit in LIMITS else ""
        return Ended(shell, words)

    def _line(self, seconds: float) -> str:
        """Return the keeper's next line; an empty text if it writes none in time."""
        assert self._keeper.stdout is not None  # noqa: S101 - as above
        deadline = time.monotonic() + seconds
        while b"\n" not in self._said:
            left = max(0.0, deadline - time.monotonic())
            if not streams.is_readable(self._keeper.stdout.fileno(), left):
                return ""
            read = os.read(self._keeper.stdout.fileno(), 4096)
            if not read:
                raise ScaffoldError("what keeps a process within bounds was killed itself")
            self._said += read
        line, _, self._said = self._said.partition(b"\n")
        if line.startswith(b"! "):
            raise CannotStartError(line[2:].decode(errors="replace"))
        return line.decode()


class CannotStartError(Exception):
    """There is no such program, or it cannot be run; the message says which."""


@contextmanager
def started(  # noqa: PLR0913 - what a process is started with
    command: Command,
    *,
    cwd: Path,
    log: Log,
    title: str,
    limits: Limits,
    after: Sequence[Sequence[str]] = (),
) -> Iterator[Process]:
    """Start a command with its variables alone; it ends with the block.

    What it writes becomes a part of `log`. `after` are commands that are run at the end, whatever
    happens. Raise CannotStartError.
    """
    with log.part(title) as file:
        order = {"run": command.run, "log": str(file), "after": [list(each) for each in after]}
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER)],
            cwd=cwd,
            env=dict(command.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert keeper.stdin is not None  # noqa: S101 - it is a pipe
        try:
            keeper.stdin.write(json.dumps({**order, **asdict(limits)}).encode() + b"\n")
            keeper.stdin.flush()
            yield Process(keeper, file, limits)
        finally:
            with suppress(BrokenPipeError):
                keeper.stdin.close()
            keeper.wait()
            assert keeper.stdout is not None  # noqa: S101 - as above
            keeper.stdout.close()


def run(
    command: Command,
    *,
    cwd: Path,
    log: Log,
    title: str,
    limits: Limits,
) -> tuple[Ended, str]:
    """Run a command to its end; return how it ended, and what it wrote. Raise CannotStartError."""
    with started(command, cwd=cwd, log=log, title=title, limits=limits) as process:
        ended = process.wait(limits.seconds + END_SECONDS)
        assert ended is not None  # noqa: S101 - the keeper ends it in time
        return ended, process.log()


def inherited() -> dict[str, str]:
    """Return the variables of the user that tools get, without those that lead git elsewhere."""
    return {key: value for key, value in os.environ.items() if key not in REDIRECTIONS}
