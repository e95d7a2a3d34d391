"""Finish or take back what a killed viscaffold left behind, or one that failed halfway.

The index is replaced last: when the one that was prepared is not where it was prepared any more, it
is in its place, so all files are, and the operation is finished; otherwise every file that holds
what the operation wrote gets back what it held. A file that somebody changed since stays as it is.
"""

import errno
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import index, journal, permissions, records, safe_paths
from .git import Repository
from .journal import Journal
from .records import Record
from .trees import Blob


@dataclass(frozen=True)
class Recovered:
    """What was found and done: "finished" or "taken back", and the files changed since."""

    record: Record
    finished: bool
    changed: list[str]


def recover(repository: Repository) -> Recovered | None:
    """Bring the service into the state before or after an operation that was killed.

    To be called with the journal's lock held. Return None if there was no such operation.
    """
    home = Journal(repository)
    for path in home.abandoned():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    index.unlock(repository)
    if not home.running.is_dir():
        return None
    record = records.read(home.running)
    finished = not (home.running / "index").exists()
    if finished:
        home.finish(record)
        return Recovered(record, finished, [])
    changed = take_back(repository, record, home.running)
    _take_back_entries(repository, record)
    home.discard(home.running)
    return Recovered(record, finished, changed)


def is_due(repository: Repository) -> bool:
    """Tell if a viscaffold was killed here, or is running."""
    home = Journal(repository)
    home.require_own()
    return home.running.is_dir() or bool(home.abandoned()) or index.is_locked(repository)


def take_back(repository: Repository, record: Record, running: Path) -> list[str]:
    """Give every file that the operation replaced its content of before.

    Return those that hold neither, because they were changed meanwhile, and those whose content of
    before is not to be had any more: they stay as they are.
    """
    changed = _take_away(repository, record)
    for directory in reversed(record.directories):
        with suppress(OSError):
            if not safe_paths.is_behind_link(repository.top, directory):
                (repository.top / directory).rmdir()
    for path, file in record.files.items():
        if file.old is None or file.old == file.new:
            continue
        full = repository.top / record.prefix / path
        behind_link = safe_paths.is_behind_link(repository.top, record.prefix + path)
        if behind_link or not _has_place(full):
            changed.append(path)
            continue
        _beside(full).unlink(missing_ok=True)
        found = records.fingerprint(full)
        if found == file.old:
            continue
        old = record.copy(running, path)
        if found == file.new and old and not full.is_dir():
            _put_back(full, old)
        else:
            changed.append(path)
    parents = {(repository.top / record.prefix / path).parent for path in record.files}
    journal.sync(path for path in parents if path.is_dir())
    return changed


def _take_away(repository: Repository, record: Record) -> list[str]:
    """Remove the files that the operation added; return those that were changed meanwhile."""
    changed = []
    for path, file in record.files.items():
        if file.old is not None or file.new is None:
            continue
        full = repository.top / record.prefix / path
        if safe_paths.is_behind_link(repository.top, record.prefix + path):
            changed.append(path)
            continue
        with suppress(NotADirectoryError):
            _beside(full).unlink(missing_ok=True)
        found = records.fingerprint(full)
        if found == file.new:
            full.unlink()
        elif found is not None:
            changed.append(path)
    return changed


def _has_place(path: Path) -> bool:
    """Tell if no file stands where one of the directories above `path` has to be."""
    return next(parent for parent in path.parents if os.path.lexists(parent)).is_dir()


def _put_back(path: Path, old: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    move(old, path)


def _take_back_entries(repository: Repository, record: Record) -> None:
    """Take back what the user staged of an operation that was half done."""
    paths = {record.prefix + path: file for path, file in record.files.items()}
    found = index.entries(repository, list(paths))
    entries = [
        entry
        for path, file in paths.items()
        if (before := record.entry(path.removeprefix(record.prefix))) != (after := _of(file.after))
        and found.get(path, {}) == after
        for entry in index.replacing(path, before)
    ]
    if entries:
        width = len(next(file.after.oid for file in record.files.values() if file.after))
        with index.rewritten(repository) as at:
            index.write_entries(repository.git, at, entries, width)


def _of(blob: Blob | None) -> dict[int, Blob]:
    return {0: blob} if blob else {}


def move(source: Path, target: Path) -> None:
    """Rename, or copy and rename where .git and the work tree are on different file systems."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = _beside(target)
        try:
            permissions.copy(source, beside)
            if not beside.is_symlink():
                journal.sync([beside])
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.viscaffold")
