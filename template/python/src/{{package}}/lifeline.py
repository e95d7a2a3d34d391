"""A page of memory that the service writes and its supervisor reads.

It is shared across the fork and outlives whatever kills the service: no message can get lost in a
pipe, and writing to it takes no system call.
"""

import mmap
import struct
import time

TAIL = 2000  # bytes of log that are kept for the supervisor
_BEAT, _STATUS, _LENGTH, _TEXT = 0, 8, 12, 16


class Lifeline:
    """What is known of a service from outside, with no more than a few bytes each."""

    def __init__(self) -> None:
        """Make the page; a fork shares it."""
        self._page = mmap.mmap(-1, _TEXT + TAIL)

    def beat(self) -> None:
        """Say that the event loop runs."""
        struct.pack_into("d", self._page, _BEAT, time.monotonic())

    def last_beat(self) -> float:
        """Return when it last ran, by time.monotonic(), which all processes share; 0 for never."""
        return float(struct.unpack_from("d", self._page, _BEAT)[0])

    def end(self, status: int) -> None:
        """Announce the exit status, after the log has named its cause."""
        struct.pack_into("i", self._page, _STATUS, status + 1)

    def announced(self) -> int | None:
        """Return the exit status that was announced."""
        status = int(struct.unpack_from("i", self._page, _STATUS)[0])
        return status - 1 if status else None

    def log(self, line: bytes) -> None:
        """Keep the end of the log."""
        tail = (self.tail() + line)[-TAIL:]
        self._page[_TEXT : _TEXT + len(tail)] = tail
        struct.pack_into("i", self._page, _LENGTH, len(tail))

    def tail(self) -> bytes:
        """Return the end of the log."""
        length = struct.unpack_from("i", self._page, _LENGTH)[0]
        return self._page[_TEXT : _TEXT + length]


lifeline = Lifeline()
