"""Files of a service that may be a stranger's: not links, which can lead anywhere, nor pipes."""

from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 1 << 20
"""What is read of one file as text."""


def is_regular(path: Path) -> bool:
    """Tell whether a path is a regular file itself."""
    return path.is_file() and not path.is_symlink()


def content(path: Path, most: int = MOST_BYTES) -> bytes | None:
    """Return the beginning of a file, up to `most` bytes; None if it is no regular file."""
    if not is_regular(path):
        return None
    with path.open("rb") as file:
        return file.read(most)


def text(path: Path) -> str | None:
    """Return the same as text; what is no UTF-8 is replaced."""
    found = content(path)
    return None if found is None else found.decode("utf-8", "replace")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of that text; none if it is no regular file."""
    yield from enumerate((text(path) or "").splitlines(), start=1)
