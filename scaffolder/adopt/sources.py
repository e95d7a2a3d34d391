"""The files of a service that somebody else wrote, as far as git tracks them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from scaffolder import regular_files
from scaffolder.errors import RefusedError

MOST_FILES, MOST_BYTES, MOST_OF_A_LINE = 2000, 8 << 20, 2000
"""How much is read, in all and of a line: what is meant to take for ever does not."""

NOT_OURS = frozenset({"tests", "test", "docs", "examples", "scripts", "migrations", "node_modules"})
"""Directories in which nothing is the service itself."""


@dataclass(frozen=True)
class Fact:
    """Something that was found, and where."""

    what: str
    path: str
    line: int = 0

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.what} ({self.where})"

    @property
    def where(self) -> str:
        """Return the place: `main.py:12`."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, eq=False)  # two looks may find different files: one is not the other
class Sources:
    """The tracked files of a directory; links, and what lies behind them, count as not there."""

    root: Path
    tracked: frozenset[str]

    def has(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return path in self.tracked

    def within(self, directory: str) -> bool:
        """Tell whether a directory has any file."""
        return any(path.startswith(f"{directory}/") for path in self.tracked)

    def text(self, path: str) -> str | None:
        """Return the beginning of a file; None if it is no regular one."""
        text = regular_files.text(self.root / path) if self._is_inside(path) else None
        return text and text.removeprefix("\ufeff")

    def whole(self, path: str) -> str | None:
        """Return a file that is to be written again, with its line ends; None if there is none.

        Raise RefusedError for one of which something would be lost.
        """
        most = regular_files.MOST_BYTES
        inside = self._is_inside(path)
        content = regular_files.content(self.root / path, most + 1) if inside else None
        try:
            if content is None or len(content) <= most:
                return None if content is None else content.decode()
        except UnicodeDecodeError:
            pass
        raise RefusedError(
            f"{path} would get lines, and it is no text in UTF-8 of at most {most >> 20} MiB",
            f"convert it, and commit it: iconv -f latin1 -t utf-8 {path}",
        )

    def _is_inside(self, path: str) -> bool:
        """Tell whether git tracks a file, and no link leads to it."""
        place = self.root / path
        parents = place.parents[: len(PurePosixPath(path).parts) - 1]
        return path in self.tracked and not any(parent.is_symlink() for parent in parents)

    def lines(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield the numbered lines of that text, or how they begin."""
        for number, line in enumerate((self.text(path) or "").splitlines(), start=1):
            yield number, line[:MOST_OF_A_LINE]

    @cached_property
    def first(self) -> list[str]:
        """Return all paths, those near the top first."""
        return sorted(self.tracked, key=lambda path: (path.count("/"), path))

    def code(self, suffix: str) -> Iterator[tuple[str, str]]:
        """Yield the files of the service's own code, near ones first: path and text."""
        own = [path for path in self.first if path.endswith(suffix) and _is_own(path)]
        left = MOST_BYTES
        for path in own[:MOST_FILES]:
            text = self.text(path) if left > 0 else None
            if text is not None:
                left -= len(text)
                yield path, text

    def named(self, names: Iterable[str]) -> list[str]:
        """Return those of some paths that there are."""
        return [name for name in names if name in self.tracked]


def _is_own(path: str) -> bool:
    *directories, name = path.split("/")
    hidden = any(part.startswith(".") for part in directories)
    test = name.startswith("test_") or name == "conftest.py"
    return not hidden and not test and not NOT_OURS.intersection(directories)
