"""The operations of a service that are recorded: which is the last, which can be forgotten."""

from dataclasses import dataclass
from pathlib import Path

from scaffolder.engine import git, index, records
from scaffolder.engine.git import Repository
from scaffolder.engine.journal import Journal
from scaffolder.engine.records import Record
from scaffolder.errors import RefusedError

from .service import root


@dataclass(frozen=True)
class Last:
    """The last operation that can be taken back, and the directory of its record."""

    record: Record
    directory: Path
    staged: bool = True
    """The index has its result; otherwise it is on disk alone."""


def history(service: Path) -> list[Record]:
    """Return the operations on the service around `service` that are recorded, oldest first.

    They are those since the last commit of one. Raise RefusedError if there is no service, or if a
    record is damaged.
    """
    repository = git.repository(root(service))
    if repository is None:
        return []
    return [records.read(d, prefix=repository.prefix) for d in Journal(repository).records()]


def last_operation(repository: Repository) -> Last | None:
    """Return the last operation whose result is staged, or on disk, and not committed.

    It is on disk alone after a `git reset`, which takes it out of the index, or `git stash pop`.
    """
    for directory in reversed(Journal(repository).records()):
        record = records.read(directory, prefix=repository.prefix)
        staged = _in_index(repository, record)
        if staged or _on_disk(repository, record):
            return None if _committed(repository, record) else Last(record, directory, staged)
    return None


def require_last(repository: Repository) -> Last:
    """Return the last operation; raise RefusedError, with what became of it, if there is none."""
    found = last_operation(repository)
    if found:
        return found
    for directory in reversed(Journal(repository).records()):
        record = records.read(directory, prefix=repository.prefix)
        if not _committed(repository, record):
            raise RefusedError(
                f"the result of `viscaffold {record.title}` is neither staged nor on disk any "
                "more: git took it away (reset, checkout, restore or stash)",
                "nothing, if that was intended; otherwise see git stash list and git reflog",
            )
    raise RefusedError(
        "there is no operation to take back that is not committed",
        "git log, to find the commit, and git revert",
    )


def prune(repository: Repository) -> None:
    """Forget the operations that cannot be taken back any more: those before a commit of one."""
    committed = False
    home = Journal(repository)
    for directory in reversed(home.records()):
        committed = committed or _committed(
            repository, records.read(directory, prefix=repository.prefix)
        )
        if committed:
            home.discard(directory)


def _in_index(repository: Repository, record: Record) -> bool:
    path = record.prefix + record.witness
    entries = index.entries(repository, [path])
    return entries.get(path) == {0: record.files[record.witness].after}


def _on_disk(repository: Repository, record: Record) -> bool:
    path = repository.top / record.prefix / record.witness
    return records.fingerprint(path) == record.files[record.witness].new


def _committed(repository: Repository, record: Record) -> bool:
    if repository.head() == record.head:
        return False
    path = record.prefix + record.witness
    lines = repository.git.fields("ls-tree", "-z", "--full-tree", "HEAD", "--", path)
    after = record.files[record.witness].after
    return after is not None and any(after.oid in line.partition("\t")[0] for line in lines)
