"""Reads a small text file, whatever is in its place: a pipe, a device, gigabytes."""

import os
import stat

MOST_BYTES = 1 << 16


class UnreadableError(Exception):
    """There is no text to be had; its text is the reason."""


def read(path: str) -> tuple[str, int]:
    """Return the text of a file and its permissions; wait for nothing."""
    try:
        # A pipe that nobody writes to is opened at once, too.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            mode = os.fstat(file).st_mode
            return _decoded(_content(file, mode)), stat.S_IMODE(mode)
        finally:
            os.close(file)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    except ValueError as error:  # of a path with a NUL
        raise UnreadableError("that is no path") from error


def _content(file: int, mode: int) -> bytes:
    if stat.S_ISDIR(mode):
        raise UnreadableError("it is a directory: Docker makes one where a mounted file is missing")
    if not stat.S_ISREG(mode):
        raise UnreadableError("it is no file, but a pipe or a device")
    content = b""
    while len(content) <= MOST_BYTES:
        part = os.read(file, MOST_BYTES)
        if not part:
            return content
        content += part
    raise UnreadableError(f"it has more than {MOST_BYTES} bytes")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"line {line} is no text in UTF-8") from error
