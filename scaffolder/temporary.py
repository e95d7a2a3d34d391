"""Temporary directories: gone when they are done with, and after kill -9 when the next run starts.

A process has one directory, with all others in it but those that must be beside their target. A
lock that the system lets go of when the process dies tells whose directory nobody needs any more.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .interrupts import uninterrupted

PREFIX = "viscaffold-"
BESIDE = ".viscaffold-"
LOCK = "owner.lock"
PLACES = "places"
"""In the directory of a process: where else it makes some, each ending in a null byte."""

_homes: dict[int, Path] = {}
_locks: dict[Path, int] = {}


@contextmanager
def directory() -> Iterator[Path]:
    """Make a directory for a while."""
    path = lasting()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def lasting() -> Path:
    """Make a directory that lasts as long as this process."""
    return Path(tempfile.mkdtemp(dir=_home()))


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Make a directory for a while from which files can be moved to `target` without copying."""
    with (_home() / PLACES).open("ab") as places:
        places.write(os.fsencode(target.parent.resolve()) + b"\0")
    path = _owned(target.parent, BESIDE)
    try:
        yield path
    finally:
        _remove(path)


def parent() -> Path:
    """Return the directory in which each process makes its own."""
    with uninterrupted() as interrupts:  # the library writes a file there, to see whether it may
        found = Path(tempfile.gettempdir())
        interrupts.check()
    return found


def sweep() -> None:
    """Remove what processes left that were killed: only the user's own, and no links."""
    for home in _abandoned(parent(), PREFIX):
        with suppress(OSError):
            for place in (home / PLACES).read_bytes().split(b"\0")[:-1]:
                for path in _abandoned(Path(os.fsdecode(place)), BESIDE):
                    _remove(path)
        _remove(home)


def _home() -> Path:
    """Return the directory of this process, and not that of the one it was forked from."""
    process = os.getpid()
    if process not in _homes or not _homes[process].is_dir():
        _homes[process] = _owned(parent(), PREFIX)
        atexit.register(_leave, process)
    return _homes[process]


def _leave(process: int) -> None:
    if process == os.getpid():
        _remove(_homes[process])


def _owned(parent: Path, prefix: str) -> Path:
    """Make a directory that is known to be in use from the moment that it has a lock."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    draft = path / f"{LOCK}.new"
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _locks[path] = handle
    with suppress(OSError):  # a file system without locks: then nobody sweeps it
        fcntl.flock(handle, fcntl.LOCK_EX)
        draft.rename(path / LOCK)
    return path


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if path in _locks:
        os.close(_locks.pop(path))


def _abandoned(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield the user's own directories whose process is gone, each locked by this one."""
    try:
        with os.scandir(parent) as found:
            paths = [Path(entry) for entry in found if entry.name.startswith(prefix)]
    except OSError:
        return
    for path in paths:
        with suppress(OSError):
            if path.is_symlink() or path.lstat().st_uid != os.geteuid():
                continue
            handle = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # in use
                os.close(handle)
                continue
            _locks[path] = handle
            yield path
