"""Repeated reports: the first ones in full, then only how many there were.

Otherwise a client that causes a thousand failures a second floods the log.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BURST = 10
"""How many reports of one kind are written in full; one more every REFILL_SECONDS."""
REFILL_SECONDS = 60.0
SUMMARY_SECONDS = 10.0
MOST_KINDS = (500, 40, 10)
"""The most kinds: of all reports, of those from one place, and of those about one error there.

Clients choose a part of what is logged, such as a path. They can fill neither the memory nor the
log with kinds."""
LONGEST = 300
STANDARD = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}

Name = tuple[object, ...]

log = logging.getLogger(__name__)


@dataclass
class _Kind:
    level: int
    left: float
    seen: float  # when the last one came
    hidden: int = 0
    since: float = 0.0  # when the first hidden one came
    latest: str = ""

    def passes(self, record: logging.LogRecord, now: float) -> bool:
        self.left = min(BURST, self.left + (now - self.seen) / REFILL_SECONDS)
        self.seen = now
        if self.left >= 1:
            self.left -= 1
            return True
        self.since = self.since if self.hidden else now
        self.hidden += 1
        self.latest = _text(record)
        return False


class Repeats(logging.Filter):
    """Passes the first reports of a kind, and counts the others.

    Records that are not reports (below WARNING), or that end the service (CRITICAL), always pass.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[Name, _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be written."""
        if not logging.WARNING <= record.levelno < logging.CRITICAL or record.name == __name__:
            return True
        now = self._clock()
        with self._lock:
            name = self._kind(_finest(record))
            kind = self._kinds.setdefault(name, _Kind(record.levelno, BURST, now))
            return kind.passes(record, now)

    def _kind(self, finest: Name) -> Name:
        """Return the finest kind that there is, or that there is room for."""
        kinds = (finest[:size] for size in range(len(finest), -1, -1))
        return next(kind for kind in kinds if kind in self._kinds or self._has_room(kind))

    def _has_room(self, kind: Name) -> bool:
        """Tell whether there is room for one more kind.

        The finer a kind is, the more it leaves to coarser ones: what is said of one error cannot
        use up the room of others.
        """
        return all(
            sum(other[:common] == kind[:common] for other in self._kinds)
            < MOST_KINDS[common] >> (len(kind) - 1 - common)
            for common in range(len(kind))
        )

    def report(self, seconds: float = SUMMARY_SECONDS) -> None:
        """Log how many were hidden for `seconds` or longer; forget kinds that have stopped."""
        now = self._clock()
        due: list[tuple[int, int, float, str]] = []
        with self._lock:
            for key, kind in list(self._kinds.items()):
                if kind.hidden and now - kind.since >= seconds:
                    due.append((kind.level, kind.hidden, now - kind.since, kind.latest))
                    kind.hidden = 0
                elif not kind.hidden and now - kind.seen > BURST * REFILL_SECONDS:
                    del self._kinds[key]
        for level, hidden, lasted, latest in due:
            log.log(level, "%d more like this in %.0f s: %s", hidden, lasted, latest)


def _finest(record: logging.LogRecord) -> Name:
    """Return what makes reports the same: their place, their error, what they say of it.

    A coarser kind has only the first of these.
    """
    line = record.msg if record.args and isinstance(record.msg, str) else record.lineno
    error = record.exc_info[1] if record.exc_info else None
    trace = error.__traceback__ if error else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    failed = (trace.tb_frame.f_code, trace.tb_lineno) if trace else None
    extra = [value for name, value in vars(record).items() if name not in STANDARD]
    return (
        (record.name, record.levelno, record.pathname, line),
        (type(error), failed, _words(error)),
        (_words(_message(record)), *(_words(text) for text in extra if isinstance(text, str))),
    )


def _words(thing: object) -> str:
    """Return a text without its numbers: they differ where nothing else does."""
    try:
        text = str(thing)[:LONGEST]
    except Exception:  # an error may raise anything when it is shown
        return ""
    return "".join(character for character in text if not character.isnumeric())


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage().strip()
    except Exception:  # arguments may raise anything when formatted
        return str(record.msg)


def _text(record: logging.LogRecord) -> str:
    text = _message(record)
    error = record.exc_info[1] if record.exc_info else None
    return f"{text} ({type(error).__qualname__})"[:LONGEST] if error else text[:LONGEST]


repeats = Repeats()
