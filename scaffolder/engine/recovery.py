"""Finish or take back what a killed viscaffold left behind, or one that failed halfway.

The index is replaced last: when it has the operation's answers, all files are in place and the
operation is finished; otherwise every file that holds what the operation wrote gets back what it
held. A file that somebody changed since stays as it is.
"""

import errno
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import ANSWERS_FILE, index, journal, records
from .git import Repository
from .journal import Journal
from .records import Record


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
    answers = record.prefix + ANSWERS_FILE
    found = index.entries(repository, [answers])
    finished = found.get(answers) == {0: record.files[ANSWERS_FILE].after}
    if finished:
        home.finish(record)
        return Recovered(record, finished, [])
    changed = take_back(repository, record, home.running)
    _take_back_entries(repository, record)
    home.discard(home.running)
    return Recovered(record, finished, changed)


def is_due(repository: Repository) -> bool:
    """Tell if a viscaffold was killed here, or is at work."""
    home = Journal(repository)
    return home.running.is_dir() or bool(home.abandoned()) or index.is_locked(repository)


def take_back(repository: Repository, record: Record, running: Path) -> list[str]:
    """Give every file that the operation replaced its content of before.

    Return those that hold neither, because they were changed meanwhile: they stay as they are.
    """
    changed = []
    for path, file in record.files.items():
        if file.old == file.new:
            continue
        full = repository.top / record.prefix / path
        _beside(full).unlink(missing_ok=True)
        found = records.fingerprint(full)
        if found == file.new:
            _put_back(full, running / "old" / record.prefix / path, file.old)
        elif found != file.old:
            changed.append(path)
    for directory in reversed(record.directories):
        with suppress(OSError):
            (repository.top / directory).rmdir()
    parents = {(repository.top / record.prefix / path).parent for path in record.files}
    journal.sync(path for path in parents if path.is_dir())
    return changed


def _put_back(path: Path, old: Path, fingerprint: str | None) -> None:
    if fingerprint is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    move(old, path)


def _take_back_entries(repository: Repository, record: Record) -> None:
    """Take back what the user staged of an operation that was half done."""
    paths = {record.prefix + path: file for path, file in record.files.items()}
    found = index.entries(repository, list(paths))
    entries = [
        (path, 0, file.before)
        for path, file in paths.items()
        if file.after != file.before
        and found.get(path, {}) == ({0: file.after} if file.after else {})
    ]
    if entries:
        width = len(next(file.after.oid for file in record.files.values() if file.after))
        with index.rewritten(repository) as at:
            index.write_entries(repository.git, at, entries, width)


def move(source: Path, target: Path) -> None:
    """Rename, or copy and rename where .git and the work tree are on different file systems."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = _beside(target)
        try:
            shutil.copy2(source, beside, follow_symlinks=False)
            if not beside.is_symlink():
                journal.sync([beside])
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.viscaffold")
