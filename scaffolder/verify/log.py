"""What the programs of a verification write: each into a file of its own, and all into one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffolder import redaction, temporary

LINES, LONGEST = 20, 500
"""How many of the last lines are shown, and how much of each."""

CLEANED = 4 << 20
"""How many characters of the end of what one program wrote are kept."""


class Log:
    """The log of one verification, in a file that programs do not see."""

    def __init__(self, path: Path) -> None:
        """Start an empty one."""
        self.path = path
        self._lock = threading.Lock()
        path.touch(mode=0o600)

    @contextmanager
    def part(self, title: str) -> Iterator[Path]:
        """Give a new file for a program to write to; its lines are added at the end."""
        with temporary.directory() as place:
            file = place / "log"
            file.touch(mode=0o600)
            try:
                yield file
            finally:
                self.add(title, read(file)[-CLEANED:])

    def add(self, title: str, text: str) -> None:
        """Add what a program wrote."""
        with self._lock, self.path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"--- {title}\n{cleaned(text)}\n")


def read(file: Path, begin: int = 0) -> str:
    """Return what a file has from some byte on."""
    with file.open("rb") as content:
        content.seek(begin)
        return content.read().decode(errors="replace")


def cleaned(text: str) -> str:
    """Return a text without secrets, and without what moves a terminal."""
    return redaction.cleaner({}, [text])(text)


def last_lines(text: str) -> tuple[str, ...]:
    """Return the end of a log, fit to be shown."""
    lines = [line.rstrip()[:LONGEST] for line in text.splitlines() if line.strip()]
    return tuple(cleaned("\n".join(lines[-LINES:])).splitlines()) if lines else ()
