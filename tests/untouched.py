"""All that there is to see of a service in its repository: to the byte, the mode and the time."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from conftest import git

OWN, OBJECTS = "viscaffold", "objects"
"""Directories in git's: viscaffold's, of which nothing belongs to the service, and its objects."""


@dataclass(frozen=True)
class Entry:
    """A file, a directory or a link."""

    mode: int
    changed: int
    """When its content changed, in nanoseconds."""
    place: int
    """Its inode: what was replaced by the same is another."""
    content: bytes


@dataclass(frozen=True)
class Seen:
    """A repository, with what git makes of it."""

    entries: dict[str, Entry]
    status: str

    def __repr__(self) -> str:
        """Say little: a difference of two is long."""
        return f"<{len(self.entries)} files and directories>"


def seen(top: Path) -> Seen:
    """Look at a repository, without leaving a trace in it."""
    found = {}
    for folder, directories, files in os.walk(top):
        if Path(folder) == top / ".git":
            directories.remove(OWN) if OWN in directories else None
        for name in [*directories, *files]:
            path = Path(folder, name)
            found[str(path.relative_to(top))] = _entry(path)
    found.pop(".git")  # its time changes with the first thing that viscaffold keeps in it
    return Seen(found, git(top, "--no-optional-locks", "status", "--porcelain=v2", "--branch"))


def _entry(path: Path) -> Entry:
    about = path.lstat()
    content = b""
    if stat.S_ISLNK(about.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(about.st_mode):
        content = path.read_bytes()
    # Git makes an object newer that it would write again, so that `git gc` leaves it alone.
    changed = 0 if OBJECTS in path.parts else about.st_mtime_ns
    return Entry(about.st_mode, changed, about.st_ino, content)


def differences(one: Seen, other: Seen) -> list[str]:
    """Return what is not the same."""
    paths = sorted(one.entries.keys() | other.entries.keys())
    found = [path for path in paths if one.entries.get(path) != other.entries.get(path)]
    return found + (["git status"] if one.status != other.status else [])
