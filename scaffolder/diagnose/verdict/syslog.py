"""A copy whose messages to syslog are heard: in a container, nobody listens at `/dev/log`."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scaffolder import temporary
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.unheard import SYSLOG
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .unchanged import is_like

LARGEST, LATEST = 8192, 10
"""How many bytes of a message are read, and how many messages count."""
MESSAGE = re.compile(
    r"<(?P<priority>\d{1,3})>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?(?:[\w./-]+(?:\[\d+\])?: )?"
    r"(?P<words>[^\0]*)",
    re.DOTALL,
)
"""A message as C libraries send it (RFC 3164)."""
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
WARNING = LEVELS.index("warning")


def is_sought(case: Case) -> bool:
    """Tell whether a program sends messages to a syslog that is not there."""
    calls = case.seen.trace.calls
    return any(c.name == "connect" and c.error and c.address == SYSLOG for c in calls)


def heard(engine: Engine, case: Case) -> Swallowed | None:
    """Return what a copy with a syslog says last as a warning or an error; None if it does not.

    Raises EngineError if there can be no such copy.
    """
    if engine.is_remote:  # the socket is on this machine
        return None
    with _listening() as (path, messages):
        options = (f"--volume={path}:{SYSLOG}",)
        found = run(engine, case, Factor("a syslog", case.config, options=options))
    return last(messages) if is_like(case, found) else None


def last(messages: list[bytes]) -> Swallowed | None:
    """Return what was said last as a warning or worse; several lines are several messages."""
    found = [m for m in map(_read, messages) if m and int(m["priority"]) % 8 <= WARNING]
    lines = [match["words"].strip() for match in found]
    if not lines:
        return None
    decisive = last_words(lines) or lines[-1]
    text = "\n".join((decisive, *(line for line in lines if line != decisive)))
    level = LEVELS[int(found[-1]["priority"]) % 8]
    return Swallowed(text, frozenset(), SYSLOG, level)


def _read(message: bytes) -> "re.Match[str] | None":
    return MESSAGE.match(message.decode("utf-8", "replace"))


@contextmanager
def _listening() -> Iterator[tuple[Path, list[bytes]]]:
    """Listen at a socket that anybody may write to; give its path, and what comes in."""
    messages: list[bytes] = []
    with (
        temporary.directory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        path = Path(folder, "log")
        try:
            listener.bind(str(path))
            path.chmod(0o666)
        except OSError as error:
            raise EngineError(f"a syslog for a copy: {error.strerror}") from error
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    messages.append(listener.recv(LARGEST))
                    del messages[:-LATEST]

        listener.settimeout(0.2)
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield path, messages
        finally:
            done.set()
            thread.join()
