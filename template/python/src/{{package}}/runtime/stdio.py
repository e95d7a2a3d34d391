"""Standard output and error that lose no line, and never stop the service.

A stream that is closed, broken or full is replaced by the other one, which says so. With both
closed, lines go to copies made at the start. Lines that nobody reads in time are dropped and
counted; the count is logged as soon as somebody reads again. When all are broken, nothing can be
reported any more, and the process ends with status 74.
"""

import errno
import fcntl
import io
import os
import select
import sys
import time

from . import EXIT_IO
from .lines import line
from .shared_state import shared

NAMES = {1: "stdout", 2: "stderr"}
PATIENCE_SECONDS = 1.0
CHUNK = 4096  # bytes that fit after poll(): a pipe's PIPE_BUF
COPIES_FROM = 100  # descriptors this high are not closed by mistake

_broken: set[int] = set()  # cannot be written to
_full: set[int] = set()  # nobody reads them at the moment
_copies: dict[int, int] = {}  # of both streams, by the descriptor of the stream


class Output(io.RawIOBase):
    """A stream that falls back to the other one."""

    service = ""  # its name, for lines written without a logger
    writes = 0  # to any stream
    lost = 0  # lines that nobody read in time
    lost_since = 0.0

    def __init__(self, descriptor: int) -> None:
        self._order = (descriptor, 3 - descriptor)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._order[0]

    def isatty(self) -> bool:
        return os.isatty(self._order[0])

    # Accepts any buffer. Naming that type takes the module typing, which costs half a megabyte.
    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of `data`; drop what no stream accepts."""
        Output.writes += 1
        content = bytes(data)
        if Output.lost:
            tell_lost()
        left = _send_any(self._order, content)
        if left:
            Output.lost_since = Output.lost_since or time.time()
            Output.lost += left.count(b"\n") or 1
        return len(content)


def install() -> None:
    """Make print() and everything else use such streams, unbuffered."""
    require_open()
    for descriptor in NAMES.keys() - _broken:
        try:
            _copies[descriptor] = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, COPIES_FROM)
        except OSError:
            _copies.pop(descriptor, None)  # the limit of files is low: no copy
    sys.stdout, sys.stderr = _text(1), _text(2)


def _text(descriptor: int) -> io.TextIOWrapper:
    stream = Output(descriptor)
    # typeshed requires methods that only readers need
    return io.TextIOWrapper(stream, "utf-8", "backslashreplace", write_through=True)  # type: ignore[arg-type]


def require_open() -> None:
    """Open closed streams: the next file or pipe would get their numbers, and their lines."""
    for descriptor in (0, *NAMES):
        try:
            os.fstat(descriptor)
        except OSError as error:
            os.open(os.devnull, os.O_RDWR)
            if descriptor in NAMES:
                _give_up(descriptor, error)


def stacks() -> int:
    """Return where stacks are written in an emergency, whatever happened to stderr."""
    return _copies.get(2, _copies.get(1, 2))


def say(level: str, logger: str, message: str) -> None:
    """Write a line without logging."""
    _write(f"{line(level, logger, Output.service, message)}\n")


def say_last(logged: str) -> None:
    """Repeat a line of the log."""
    if shared.json_lines:
        say("INFO", "supervisor", f"last logged: {logged}")
    else:
        _write(f"    last logged: {logged}\n")


def tell_lost() -> None:
    """Report how many lines were dropped, once somebody reads again."""
    readers = Output.lost and [n for n in NAMES if n not in _broken and _takes(n, 0)]
    if readers:
        since = time.strftime("%H:%M:%S", time.localtime(Output.lost_since))
        words = f"{Output.lost} lines are lost: since {since} nobody had read stdout or stderr"
        Output.lost, Output.lost_since = 0, 0.0
        _send(readers[0], f"{line('ERROR', 'output', Output.service, words)}\n".encode())


def _write(text: str) -> None:
    Output(1).write(text.encode("utf-8", "backslashreplace"))


def _send_any(order: tuple[int, int], left: bytes) -> bytes:
    """Write to the first stream that accepts it, or to a copy; return what is left."""
    for descriptor in order:
        left = _send(descriptor, left)
        if not left:
            return left
    if _broken >= NAMES.keys():
        copies = [_copies[descriptor] for descriptor in order if descriptor in _copies]
        for copy in copies:
            left = _send(copy, left)
        if _broken >= {*NAMES, *copies}:
            os._exit(EXIT_IO)
    return left


def _send(descriptor: int, data: bytes) -> bytes:
    """Write what can be written; return the rest."""
    if not data or descriptor in _broken:
        return data
    try:
        # Files that Python opens are not inherited by child processes; a standard stream is.
        if descriptor in NAMES and fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
            raise OSError(errno.EBADF, "closed, and its number is in use for something else")
        while data and _has_room(descriptor):
            try:
                data = data[os.write(descriptor, data[:CHUNK]) :]
            except BlockingIOError:  # another process was faster
                continue
    except OSError as error:
        _give_up(descriptor, error)
    return data


def _has_room(descriptor: int) -> bool:
    """Wait for space, once: do not wait again for a stream that nobody reads."""
    if _takes(descriptor, 0 if descriptor in _full else PATIENCE_SECONDS):
        _full.discard(descriptor)
        return True
    if descriptor not in _full:
        _full.add(descriptor)
        _tell(descriptor, "is full, and nobody reads it")
    return False


def _takes(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def _give_up(descriptor: int, error: OSError) -> None:
    _broken.add(descriptor)
    _tell(descriptor, f"cannot be written to ({error.strerror or error})")


def _tell(descriptor: int, what: str) -> None:
    """Report on the other stream what happened to one; on a copy if the other is broken, too."""
    other = 3 - descriptor
    if descriptor not in NAMES or other in _full:
        return
    where = NAMES[other]
    if other in _broken:
        other, where = _copies.get(descriptor, _copies.get(other, other)), "a copy of it"
    words = f"{NAMES[descriptor]} {what}: its lines go to {where}"
    told = f"{line('WARNING', 'output', Output.service, words)}\n".encode()
    shared.log(told)
    _send(other, told)


def printed(text: str) -> bool:
    """Print what a command did, which stays done where nobody reads it; tell whether it fits."""
    try:
        print(text, end="", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left of it
        if not isinstance(error, BrokenPipeError):
            print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
            return False
    return True
