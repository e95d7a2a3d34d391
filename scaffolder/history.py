"""The operations of a service that are recorded: which is the last, which can be forgotten."""

from dataclasses import dataclass
from pathlib import Path

from .engine import ANSWERS_FILE, index, records
from .engine.git import Repository
from .engine.journal import Journal
from .engine.records import Record


@dataclass(frozen=True)
class Last:
    """The last operation that can be taken back, and the directory of its record."""

    record: Record
    directory: Path


def last(repository: Repository) -> Last | None:
    """Return the last operation whose result is in the index and not committed."""
    for directory in reversed(Journal(repository).records()):
        record = records.read(directory)
        if _in_index(repository, record):
            return None if _committed(repository, record) else Last(record, directory)
    return None


def prune(repository: Repository) -> None:
    """Forget the operations that cannot be taken back any more: those before a commit of one."""
    committed = False
    home = Journal(repository)
    for directory in reversed(home.records()):
        committed = committed or _committed(repository, records.read(directory))
        if committed:
            home.discard(directory)


def _in_index(repository: Repository, record: Record) -> bool:
    path = record.prefix + ANSWERS_FILE
    entries = index.entries(repository, [path])
    return entries.get(path) == {0: record.files[ANSWERS_FILE].after}


def _committed(repository: Repository, record: Record) -> bool:
    if repository.head() == record.head:
        return False
    path = record.prefix + ANSWERS_FILE
    lines = repository.git.fields("ls-tree", "-z", "--full-tree", "HEAD", "--", path)
    after = record.files[ANSWERS_FILE].after
    return after is not None and any(after.oid in line.partition("\t")[0] for line in lines)
