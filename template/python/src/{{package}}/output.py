"""Standard output and error that a line never gets lost in, and that never stop the service.

A stream that is closed, broken or full is replaced by the other one, and that is said there. Both
broken: nobody can be told anything any more, and the process ends with status 74.
"""

import io
import os
import select
import sys
from typing import Any, TextIO

from .lifeline import lifeline

EXIT_IO = 74  # sysexits.h, EX_IOERR
NAMES = {1: "stdout", 2: "stderr"}
PATIENCE_SECONDS = 1.0
# What poll() calls writable takes this much without blocking: a pipe's PIPE_BUF.
CHUNK = 4096

_broken: dict[int, str] = {}
"""Streams that take nothing, and why."""
_full: set[int] = set()
"""Streams that nobody reads, for now."""


class Output(io.RawIOBase):
    """A stream that falls back on the other one."""

    writes = 0  # to any of them

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`, 1 or 2, as long as it takes anything."""
        self._order = (descriptor, 3 - descriptor)

    def writable(self) -> bool:
        """Return that it can be written to: something always can."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._order[0]

    def isatty(self) -> bool:
        """Tell whether somebody watches."""
        return os.isatty(self._order[0])

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Write all of it; what neither stream takes is dropped."""
        Output.writes += 1
        content = bytes(data)
        left = content
        for descriptor in self._order:
            left = _send(descriptor, left)
            if not left:
                break
        if len(_broken) == len(NAMES):
            os._exit(EXIT_IO)
        return len(content)


def install() -> None:
    """Have print() and everything else use such streams, unbuffered."""
    for descriptor in (0, 1, 2):
        _require_open(descriptor)
    sys.stdout, sys.stderr = _text(1), _text(2)


def _text(descriptor: int) -> TextIO:
    stream: Any = Output(descriptor)  # typeshed asks for methods that only readers need
    return io.TextIOWrapper(stream, "utf-8", "backslashreplace", write_through=True)


def say(line: str) -> None:
    """Write a line, without logging."""
    Output(1).write(f"{line}\n".encode("utf-8", "backslashreplace"))


def _require_open(descriptor: int) -> None:
    # The next file or socket that is opened gets the lowest free number: lines would end up in it.
    try:
        os.fstat(descriptor)
    except OSError as error:
        os.open(os.devnull, os.O_RDWR)
        if descriptor in NAMES:
            _give_up(descriptor, error.strerror or "closed")


def _send(descriptor: int, data: bytes) -> bytes:
    """Write what can be written; return the rest."""
    if descriptor in _broken:
        return data
    while data:
        if not _has_room(descriptor):
            return data
        try:
            data = data[os.write(descriptor, data[:CHUNK]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            _give_up(descriptor, error.strerror or str(error))
            return data
    return data


def _has_room(descriptor: int) -> bool:
    """Wait for room, once: a stream that nobody reads is not waited for again."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if poll.poll(0 if descriptor in _full else PATIENCE_SECONDS * 1000):
        _full.discard(descriptor)
        return True
    if descriptor not in _full:
        _full.add(descriptor)
        _tell(descriptor, "is full, and nobody reads it")
    return False


def _give_up(descriptor: int, why: str) -> None:
    _broken[descriptor] = why
    _tell(descriptor, f"cannot be written to ({why})")


def _tell(descriptor: int, what: str) -> None:
    """Say on the other stream what became of one."""
    other = 3 - descriptor
    if other not in _full:
        line = f"{NAMES[descriptor]} {what}: its lines go to {NAMES[other]}\n".encode()
        lifeline.log(line)
        _send(other, line)
