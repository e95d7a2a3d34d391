"""A program started with a time limit, whose output is read up to a limit."""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

CHUNK = 65536
HEAD = 8192


@dataclass(frozen=True)
class Ran:
    """How a program ended; `code` is None if it was stopped: too slow, or enough was read."""

    code: int | None
    out: bytes
    err: bytes
    slow: bool = False

    @property
    def text(self) -> str:
        """What it printed on stdout."""
        return self.out.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """What it printed on stderr, on one line."""
        return " ".join(self.err.decode("utf-8", "replace").split())


def run(
    args: Sequence[str],
    *,
    seconds: float,
    limit: int,
    enough: Callable[[bytes, int], bool] | None = None,
    stdin: IO[bytes] | None = None,
) -> Ran:
    """Run a program without a shell; its input is a file or nothing.

    It is killed after `seconds`, when it has printed `limit` bytes on either stream, or when
    `enough` accepts the first bytes that it has printed, and their number. Raises OSError if it
    cannot be started.
    """
    with subprocess.Popen(
        args,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us: we end what we started
    ) as process:
        try:
            return _read(process, time.monotonic() + seconds, limit, enough)
        finally:
            if process.poll() is None:
                process.kill()


def _read(
    process: "subprocess.Popen[bytes]",
    deadline: float,
    limit: int,
    enough: Callable[[bytes, int], bool] | None,
) -> Ran:
    assert process.stdout  # noqa: S101 - as it was started
    assert process.stderr  # noqa: S101 - as it was started
    read = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    out, err = read.values()
    with selectors.DefaultSelector() as selector:
        for descriptor in read:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(deadline - time.monotonic(), 0))
            if not ready:
                return Ran(None, bytes(out), bytes(err), slow=True)
            for key, _ in ready:
                data = os.read(key.fd, CHUNK)
                read[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
            if (
                len(out) >= limit
                or len(err) >= limit
                or (enough and enough(bytes(out[:HEAD]), len(out)))
            ):
                return Ran(None, bytes(out[:limit]), bytes(err[:limit]))
    try:
        process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        return Ran(None, bytes(out), bytes(err), slow=True)
    return Ran(process.returncode, bytes(out), bytes(err))
