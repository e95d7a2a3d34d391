"""Put a tree of files into a directory without replacing anything, and take back only that."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import RefusedError
from .text import printable

HINT = "choose another name or path, or move it away"

Seen = tuple[int, int, int]
"""What tells a file of ours: device, inode, and when its content changed last."""


def require_free(target: Path) -> None:
    """Raise RefusedError unless `target` does not exist or is an empty directory."""
    if is_there(target) and any(target.iterdir()):
        raise RefusedError(f"{printable(str(target))} exists and is not empty", HINT)


def is_there(target: Path) -> bool:
    """Tell whether there is a directory; raise RefusedError if there can be none."""
    shown = printable(str(target))
    if target.is_symlink() and not target.exists():
        raise RefusedError(f"{shown} is a symbolic link that leads nowhere", HINT)
    if not target.exists():
        ancestor = next(parent for parent in target.parents if os.path.lexists(parent))
        if not ancestor.is_dir():
            raise RefusedError(f"{printable(str(ancestor))} is not a directory", HINT)
        return False
    if not target.is_dir():
        raise RefusedError(f"{shown} exists and is not a directory", HINT)
    return True


@contextmanager
def placed(tree: Path, target: Path) -> Iterator[None]:
    """Move what is in `tree` to `target`, a new directory or one that is there.

    Raise RefusedError if a file has appeared where one is to go. If that, or what follows, fails,
    all that was moved is taken away again; a file that was changed meanwhile stays.
    """
    made: dict[Path, Seen | None] = {}
    try:
        if not _claim(tree, target, made):
            _merge(tree, target, made)
        yield
    except BaseException:
        for path, seen in reversed(made.items()):
            _take_away(path, seen)
        raise


def _claim(source: Path, target: Path, made: dict[Path, Seen | None]) -> bool:
    """Move a directory to a place that is free, all at once; return False where it is not."""
    try:
        target.mkdir()
    except FileExistsError:
        return False
    made[target] = None
    inside = {p: None if _is_directory(p) else _seen(p) for p in sorted(source.rglob("*"))}
    try:
        source.rename(target)  # in the place of the empty directory, and of no other
    except OSError:
        return False
    made |= {target / path.relative_to(source): seen for path, seen in inside.items()}
    return True


def _merge(source: Path, target: Path, made: dict[Path, Seen | None]) -> None:
    """Move what is in a directory into one that is there."""
    if not target.is_dir():
        raise _appeared(target)
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if not _is_directory(entry):
            _link(entry, place)
            made[place] = _seen(place)
        elif not _claim(entry, place, made):
            if place.is_symlink():
                raise _appeared(place)
            _merge(entry, place, made)


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _link(source: Path, target: Path) -> None:
    """Give a file its place, which has to be free: unlike a rename, a link replaces nothing."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise _appeared(target) from None
    except OSError:  # a file system without hard links
        with source.open("rb") as content, target.open("xb") as copy:
            shutil.copyfileobj(content, copy)
        shutil.copymode(source, target)


def _seen(path: Path) -> Seen:
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _take_away(path: Path, seen: Seen | None) -> None:
    with suppress(OSError):  # gone already, or a directory with something else in it
        if seen is None:
            path.rmdir()
        elif _seen(path) == seen:
            path.unlink()


def _appeared(target: Path) -> RefusedError:
    return RefusedError(
        f"{printable(str(target))} appeared in the meantime, so nothing was put there",
        "see what it is; then the same command again",
    )
