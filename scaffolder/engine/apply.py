"""Carry out a plan in the work tree and the index: all of it, or nothing.

Everything that can fail for want of space or rights happens first, in a directory below `.git`;
then files are replaced one by one, each by a single rename, and last the index, through git's own
lock. A failure or an interrupt on the way puts back what was replaced; so does the next command
(recovery.py) when the process was killed.

A loss of power: what is prepared is on the disk before the first file is replaced, the files before
the index, and the index before the record is filed.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from scaffolder.errors import RefusedError
from scaffolder.interrupts import Interrupts, uninterrupted

from . import ANSWERS_FILE, index, journal, prepare, records, recovery
from .git import Repository
from .journal import Journal
from .prepare import Plan
from .records import Record
from .trees import Change


def apply(repository: Repository, plan: Plan, record: Record) -> None:
    """Carry out `plan`; raise RefusedError or OSError with everything as it was before.

    `record` is kept, completed by what stood and stands on disk, so that it can be taken back.
    """
    home = Journal(repository)
    prepared = home.new()
    try:
        record = prepare.prepare(repository, plan, record, prepared)
        journal.sync(journal.below(prepared))
        with uninterrupted() as interrupts:
            prepared.rename(home.running)
            _carry_out(repository, plan, record, interrupts)
            interrupts.finish()
    except BaseException:
        shutil.rmtree(prepared, ignore_errors=True)
        raise
    # From here on it is done, and the next command would find that out by itself.
    with suppress(OSError):
        journal.sync([repository.git_dir])
        home.finish(record)


def _carry_out(repository: Repository, plan: Plan, record: Record, interrupts: Interrupts) -> None:
    """Put everything in place, or back."""
    home = Journal(repository)
    try:
        journal.sync([home.home])
        with index.locked(repository):
            _require_same_index(repository, plan)
            _swap(repository, plan, record.directories, home.running, interrupts)
            _replace_index(repository, home.running / "index")
    except BaseException:
        recovery.take_back(repository, record, home.running)
        home.discard(home.running)
        raise


def _require_same_index(repository: Repository, plan: Plan) -> None:
    seen = plan.scratch.cwd / f"index.{index.SEEN}"
    if seen.read_bytes() != repository.index.read_bytes():
        raise RefusedError(
            "the index changed while this was prepared", "run the same command again"
        )


def _replace_index(repository: Repository, new: Path) -> None:
    # New files have new times: let git note them, so that its next command need not compare.
    refresh = ("--literal-pathspecs", "add", "--refresh", "--", repository.prefix or ".")
    repository.git(*refresh, expect=(0, 1, 128), env={"GIT_INDEX_FILE": str(new)})
    journal.sync([new])
    new.replace(repository.index)


def _swap(
    repository: Repository, plan: Plan, made: list[str], running: Path, interrupts: Interrupts
) -> None:
    """Replace the files: deletions first, the answers last, which tells that all are in place."""
    top, prefix = repository.top, repository.prefix

    def order(change: Change) -> tuple[bool, bool, str]:
        return change.path == ANSWERS_FILE, change.new is not None, change.path

    for change in sorted(plan.changes, key=order):
        interrupts.check()
        path = top / prefix / change.path
        if records.fingerprint(path) != plan.seen[change.path]:
            raise prepare.changed(change.path)
        if change.new is None:
            path.unlink()
            prune(path.parent, keep=change.path.count("/"))
        else:
            _clear(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            recovery.move(running / "new" / prefix / change.path, path)
    parents = {(top / prefix / change.path).parent for change in plan.changes}
    parents |= {(top / directory).parent for directory in made}
    journal.sync(path for path in parents if path.is_dir())


def _clear(path: Path) -> None:
    """Remove the directory that stood at `path`: its files have gone already."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path, topdown=False):
            Path(folder).rmdir()


def prune(directory: Path, keep: int) -> None:
    """Remove directories that a deletion left empty, `keep` levels of them at most."""
    with suppress(OSError):
        for folder in [directory, *directory.parents][:keep]:
            folder.rmdir()
