"""The files of a service that somebody else wrote, as far as git tracks them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from scaffolder import regular_files

MOST_FILES = 2000
"""How many files of code are read; a larger repository is asked about."""

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


@dataclass(frozen=True)
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
        place = self.root / path
        inside = place.parents[: len(PurePosixPath(path).parts) - 1]
        if path not in self.tracked or any(parent.is_symlink() for parent in inside):
            return None
        return regular_files.text(place)

    def lines(self, path: str) -> Iterator[tuple[int, str]]:
        """Yield the numbered lines of that text."""
        yield from enumerate((self.text(path) or "").splitlines(), start=1)

    @cached_property
    def first(self) -> list[str]:
        """Return all paths, those near the top first."""
        return sorted(self.tracked, key=lambda path: (path.count("/"), path))

    def code(self, suffix: str) -> Iterator[tuple[str, str]]:
        """Yield the files of the service's own code, near ones first: path and text."""
        own = [path for path in self.first if path.endswith(suffix) and _is_own(path)]
        for path in own[:MOST_FILES]:
            if (text := self.text(path)) is not None:
                yield path, text

    def named(self, names: Iterable[str]) -> list[str]:
        """Return those of some paths that there are."""
        return [name for name in names if name in self.tracked]


def _is_own(path: str) -> bool:
    *directories, name = path.split("/")
    hidden = any(part.startswith(".") for part in directories)
    test = name.startswith("test_") or name == "conftest.py"
    return not hidden and not test and not NOT_OURS.intersection(directories)
