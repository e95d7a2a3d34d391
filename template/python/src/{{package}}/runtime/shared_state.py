"""Memory that the service writes and its supervisor reads.

It is shared across the fork and outlives the service, however that ends: no message is lost in a
pipe, and writing needs no system call that could block.
"""

import mmap
import os
import struct
import time

TAIL = 2000  # bytes of log that are kept for the supervisor


class _Number:
    def __init__(self, offset: int) -> None:
        self.offset = offset

    def __get__(self, state: "SharedState", _type: object = None) -> float:
        value: float = struct.unpack_from("d", state.page, self.offset)[0]
        return value

    def __set__(self, state: "SharedState", value: float) -> None:
        if not state.is_forked():
            struct.pack_into("d", state.page, self.offset, value)


class _Bytes:
    """Up to `size` bytes, preceded by their count."""

    def __init__(self, offset: int, size: int) -> None:
        self.length = _Number(offset)
        self.start = offset + 8
        self.size = size

    def __get__(self, state: "SharedState", _type: object = None) -> bytes:
        return state.page[self.start : self.start + int(self.length.__get__(state))]

    def __set__(self, state: "SharedState", value: bytes) -> None:
        if not state.is_forked():
            value = value[: self.size]
            state.page[self.start : self.start + len(value)] = value
            self.length.__set__(state, len(value))


class SharedState:
    """What the supervisor knows about the service. Times are those of time.monotonic()."""

    owner = _Number(0)  # the process of the service
    status = _Number(8)  # the exit status that it has announced, plus 1
    finished = _Number(16)  # the event loop has done its work
    json_lines = _Number(24)  # the log is JSON, so lines written without a logger are, too
    asked = _Number(32)  # the supervisor asked it to stop
    kept = _Number(40)  # bits: signals that the application handles itself
    beat = _Number(48)  # when the event loop last ran
    sent = _Number(56)  # the last signal that the service sent to itself
    sent_at = _Number(64)
    sender = _Bytes(72, 300)  # the place in its code
    address = _Bytes(380, 300)  # host and port where it answers
    tail = _Bytes(688, TAIL)  # the end of the log

    def __init__(self) -> None:
        self.page = mmap.mmap(-1, 696 + TAIL)
        self._owner = 0

    def own(self) -> None:
        """Let this process write; processes that it forks cannot."""
        self._owner = os.getpid()
        self.owner = self._owner

    def is_forked(self) -> bool:
        """Tell whether this process was forked by the service."""
        return self._owner not in (0, os.getpid())

    def end(self, status: int) -> None:
        """Announce the exit status, once the log has named its cause."""
        self.status = status + 1

    def announced(self) -> int | None:
        """Return the exit status that was announced."""
        return int(self.status) - 1 if self.status else None

    def log(self, line: bytes) -> None:
        self.tail = (self.tail + line)[-TAIL:]

    def send(self, number: int, place: str) -> None:
        """Record that the service sends a signal to itself, and where in its code."""
        self.sender = place.encode("utf-8", "replace")
        self.sent_at = time.monotonic()
        self.sent = number


shared = SharedState()
