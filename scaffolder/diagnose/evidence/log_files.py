"""What a program wrote into a file instead of its output, shortly before its end."""

import errno
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .facts import Log
from .files import Files, resolved
from .log_search import FAILURE, last_words
from .trace import Trace

LOGS = re.compile(r"(?:^/var/log/.+|\.(?:log|err|out)|/(?:hs_err_pid\d+|nohup\.out|npm-debug).*)$")
"""Where logs are, and how they are called."""
NAMES = re.compile(r"[:=/'\"\d]")
"""What is in a line that names what has failed."""
SYSTEM = re.compile(r"^/(?:proc|sys|dev)/")
LEVEL = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|emerg|alert|crit)\b|^\w*(?:Error|Exception)\b|^panic:"
)
"""How a line of a log begins that reports a failure: any other file is a log if it ends so."""
LARGEST, MOST, LAST = 1 << 20, 20, 20
CLOSE, EACH = 2, 250
"""How far a failure is from the next one that it explains, with one line in between that says where
(CONTEXT, DETAIL); and how much of each is told."""


@dataclass(frozen=True)
class LogFile:
    """A file that is a log, and its last lines."""

    path: str
    lines: tuple[str, ...]

    @property
    def failures(self) -> list[str]:
        """The lines that report a failure."""
        return [line for line in self.lines if _fails(line)]

    @property
    def said(self) -> list[str]:
        """These lines, and those right after them, which may say why."""
        fails = [_fails(line) for line in self.lines]
        kept = zip(self.lines, fails, [False, *fails], strict=False)
        return [line for line, is_failure, is_after in kept if is_failure or is_after]

    @property
    def words(self) -> str:
        """The last failure, after the one right before it, which may be why; or the last line.

        What names nothing is told with the line after it: "Error occurred during initialization".
        """
        at = [number for number, line in enumerate(self.lines) if _fails(line)][-2:]
        told = at if len(at) == 2 and at[1] - at[0] <= CLOSE else at[-1:] or [-1]
        if at and at[-1] == len(self.lines) - 2 and not NAMES.search(self.lines[at[-1]]):
            told = [at[-1], at[-1] + 1]
        return "; then: ".join(self.lines[number][:EACH] for number in told)


def _fails(line: str) -> bool:
    return bool(FAILURE.search(line) or LEVEL.search(line))


def written(log: Log, trace: Trace, changes: Callable[[], Iterable[tuple[str, str]]]) -> list[str]:
    """Return which files a program wrote whose output reports no failure; none of another.

    `docker diff` compares whole trees with some storage drivers, for seconds: what a watched copy
    wrote, the container has written as well.
    """
    if last_words(line.text for line in log.lines):
        return []
    # Of what has become another user, the tracer cannot read which files it opens.
    is_known = trace.processes and all(c.given for c in trace.calls if c.name.startswith("open"))
    if is_known:
        # A copy has mounts read-only: there the container could write.
        return [c.path for c in trace.calls if c.writes and c.error in {0, errno.EROFS}]
    found = changes() if log.is_empty else ()
    return [path for kind, path in found if kind != "D" and LOGS.search(path)]


def log_file(files: Files, written: Iterable[str]) -> LogFile | None:
    """Return the log among the files that a program wrote: the first one that reports a failure."""
    found = logs(files, written)
    return next((log for log in found if log.failures), next(iter(found), None))


def logs(files: Files, written: Iterable[str]) -> list[LogFile]:
    """Return the logs among some files."""
    read = (_read(files, path) for path in list(dict.fromkeys(written))[:MOST])
    return [log for log in read if log]


def _read(files: Files, path: str) -> LogFile | None:
    entry = None if SYSTEM.match(path) else resolved(files, path)
    if entry is None or entry.kind != "file" or not 0 < entry.size <= LARGEST:
        return None
    data = files.content(entry.path, LARGEST) or b""
    if b"\0" in data:
        return None
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    last = tuple(lines[-LAST:])
    is_log = LOGS.search(path) or any(map(LEVEL.search, last[-3:]))
    return LogFile(path, last) if last and is_log else None
