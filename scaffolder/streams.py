"""Standard streams that are closed, full, or read by nobody: no command fails for its messages."""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CLOSED = ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY))
"""What takes the place of a closed stream: stdin ends at once, stderr takes all and shows it to
nobody. Stdout cannot be written to, as before: what was asked for would be lost."""

STDOUT = "stdout"
"""What an error of the system names as its file when stdout cannot be written to."""


class _Stdout(io.FileIO):
    """Standard output whose errors say that they are its own, and not those of some file."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STDOUT
            raise


def prepare() -> None:
    """Open the null device in place of standard streams that are closed, and stdout anew.

    Otherwise the next file that is opened would have the number of one, and be written to.
    """
    for number, name, flags in CLOSED:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free, which is this one
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    # A path may hold bytes that are no text: show them escaped, as stderr does.
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Stdout(1, "w", closefd=False)),
        encoding=sys.stdout.encoding,
        errors="backslashreplace",
        line_buffering=os.isatty(1),
    )


def is_readable(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read, or nothing will come any more; tell whether it is so.

    Unlike `select`, it takes descriptors of any number.
    """
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal; a closed one is not."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def is_lost(error: OSError) -> bool:
    """Tell whether it was stdout that could not be written to."""
    return bool(error.filename == STDOUT)


def discard(stream: TextIO) -> None:
    """Let whatever else is written to a stream go nowhere, its buffer first."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
