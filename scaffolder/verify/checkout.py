"""Exports of trees: files with the bytes and modes that git has, and nothing outside."""

import filecmp
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from scaffolder.engine import safe_paths, trees
from scaffolder.engine.git import Git
from scaffolder.engine.trees import Blob
from scaffolder.errors import RefusedError
from scaffolder.text import shown

LINK, MODULE, PROGRAM = "120000", "160000", "100755"
"""Modes of git: a symbolic link, a submodule (of which a tree has no files), a program."""

AT_ONCE = 500
"""How many files are held in memory."""


def export(git: Git, tree: str, directory: Path) -> None:
    """Write a tree into a directory that is new; raise RefusedError for a path that is not safe.

    A link that leads out of the directory becomes a file with its target, as git itself writes
    links where there are none.
    """
    files = trees.list_tree(git, tree)
    for path in files:
        problem = safe_paths.problem(path)
        if problem:
            raise RefusedError(f"{shown(path)} cannot be written: {problem}")
    links = {path: blob for path, blob in files.items() if blob.mode == LINK}
    for path, content in _contents(git, {p: b for p, b in files.items() if p not in links}):
        _write(directory / path, content, program=files[path].mode == PROGRAM)
    # Last, so that nothing is written through one.
    for path, target in _contents(git, links):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).symlink_to(os.fsdecode(target))
    _cut_off(directory, links)


def _contents(git: Git, files: Mapping[str, Blob]) -> Iterator[tuple[str, bytes]]:
    left = iter(sorted((path, blob) for path, blob in files.items() if blob.mode != MODULE))
    while some := dict(islice(left, AT_ONCE)):
        found = trees.contents(git, (blob.oid for blob in some.values()))
        yield from ((path, found[blob.oid]) for path, blob in some.items())


def _write(file: Path, content: bytes, *, program: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(content)
    if program:
        file.chmod(0o755)


def _cut_off(directory: Path, links: Mapping[str, Blob]) -> None:
    """Replace the links that lead out, by whatever way: the system itself is asked."""
    inside = directory.resolve()
    for path in links:
        link = directory / path
        if not Path(os.path.realpath(link)).is_relative_to(inside):
            target = os.fsencode(link.readlink())
            link.unlink()
            link.write_bytes(target)


def mirror(source: Path, target: Path) -> None:
    """Make a directory like another one; what is the same already is left as it is."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in os.scandir(source)}
    for entry in os.scandir(target):
        other = wanted.get(entry.name)
        if other is None or not _is_like(Path(entry), Path(other)):
            _remove(Path(entry))
    for name, entry in wanted.items():
        if entry.is_dir(follow_symlinks=False):
            mirror(Path(entry), target / name)
        elif not os.path.lexists(target / name):
            shutil.copy(entry, target / name, follow_symlinks=False)


def _is_like(path: Path, other: Path) -> bool:
    """Tell whether two are the same: both directories, or files with the same bytes and mode."""
    if stat.S_IFMT(path.lstat().st_mode) != stat.S_IFMT(other.lstat().st_mode):
        return False
    if path.is_symlink():
        return path.readlink() == other.readlink()
    if path.is_dir():
        return True
    alike = path.stat().st_mode == other.stat().st_mode
    return alike and filecmp.cmp(path, other, shallow=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
