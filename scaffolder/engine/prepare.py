"""Write all that an operation needs below `.git`, where it can fail without harm."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from scaffolder.errors import RefusedError

from . import index, permissions
from .git import Git, Repository
from .records import File, Record, fingerprint
from .snapshots import SUBMODULE
from .trees import Blob, Change

DURABLE = ("-c", "core.fsync=loose-object", "-c", "core.fsyncMethod=batch")
"""Git does not flush loose objects by itself (git-config(1), core.fsync)."""


@dataclass(frozen=True)
class Plan:
    """What is to be written; paths are relative to the service.

    `changes` are those of the work tree, from contents that the scratch repository knows to others.
    """

    scratch: Git
    seen: Mapping[str, str | None]
    """Fingerprint of what stood at every path when the plan was made."""
    changes: list[Change]
    entries: Mapping[str, Mapping[int, Blob]]
    """Path → stage → what the index is to hold; nothing for a path that it is not to hold."""
    width: int
    """Length of an object's name."""
    exact: Mapping[str, Path] = field(default_factory=dict)
    """Files to put in place as they are, instead of what git would check out."""


def prepare(repository: Repository, plan: Plan, record: Record, into: Path) -> Record:
    """Write objects, new and old files, the new index and the record; return the record, completed.

    Raise RefusedError if a file has changed since the plan was made.
    """
    into.mkdir(mode=0o700)  # the service may hold files that are for the user's eyes only
    _import_objects(repository, plan)
    _write_files(repository, plan, into)
    record = _completed(repository, plan, record, into)
    record.write(into)
    return record


def changed(path: str) -> RefusedError:
    """Build the error for a file that is not what the plan was made for."""
    return RefusedError(
        f"{path} changed while the operation was prepared", "run the same command again"
    )


def _import_objects(repository: Repository, plan: Plan) -> None:
    """Copy the files' contents into the user's repository, as objects."""
    blobs = {change.new for change in plan.changes if change.new}
    blobs |= {blob for stages in plan.entries.values() for blob in stages.values()}
    # A submodule's commit is in another repository.
    listed = "\n".join(sorted({b.oid for b in blobs if b.mode != SUBMODULE})).encode()
    pack = plan.scratch("pack-objects", "--stdout", "-q", stdin=listed).stdout
    repository.git(*DURABLE, "unpack-objects", "-q", stdin=pack)


def _write_files(repository: Repository, plan: Plan, into: Path) -> None:
    """Write the new index, the new files as git checks them out, and the old ones to put back."""
    shutil.copy(repository.index, into / "index")
    at = {"GIT_INDEX_FILE": str(into / "index")}
    prefix, git = repository.prefix, repository.git
    found = {change.path: {0: change.new} if change.new else {} for change in plan.changes}
    _enter(repository, at, found, plan.width)

    new = [prefix + change.path + "\0" for change in plan.changes if change.new]
    prefixed = f"--prefix={into / 'new'}{os.sep}"
    git("checkout-index", "-z", "--stdin", prefixed, stdin=os.fsencode("".join(new)), env=at)
    for path, exact in plan.exact.items():
        (into / "new" / prefix / path).unlink()
        permissions.copy(exact, into / "new" / prefix / path)
    for change in plan.changes:
        place = repository.top / prefix / change.path
        _keep(place, into / "old" / prefix / change.path)
        if change.new:
            permissions.pass_on(change, place, into / "new" / prefix / change.path)

    others = {path: s for path, s in plan.entries.items() if s != found.get(path)}
    _enter(repository, at, others, plan.width)
    _overlook_again(repository, plan, at)


def _enter(
    repository: Repository,
    at: Mapping[str, str],
    found: Mapping[str, Mapping[int, Blob]],
    width: int,
) -> None:
    """Let the index have the stages given, and no others, of each path."""
    entries = [
        entry
        for path, stages in found.items()
        for entry in index.replacing(repository.prefix + path, stages)
    ]
    if entries:
        index.write_entries(repository.git, at, entries, width)


def _overlook_again(repository: Repository, plan: Plan, at: Mapping[str, str]) -> None:
    """Set the bits again that have git overlook a file, and that an entry loses when written."""
    paths = [path for path, stages in plan.entries.items() if set(stages) == {0}]
    for flag, listed in index.overlooked(repository, paths).items():
        on = flag.replace("--no-", "--")
        repository.git("update-index", on, "-z", "--stdin", stdin=listed, env=at)


def _keep(path: Path, copy: Path) -> None:
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink()):
        return
    with suppress(FileNotFoundError):
        copy.parent.mkdir(parents=True, exist_ok=True)
        permissions.copy(path, copy)


def _completed(repository: Repository, plan: Plan, record: Record, prepared: Path) -> Record:
    """Return the record with what stands on disk, what will, and the directories to be made."""
    prefix, top = repository.prefix, repository.top
    files = dict(record.files)
    for change in plan.changes:
        old = fingerprint(prepared / "old" / prefix / change.path)
        if old != plan.seen[change.path]:
            raise changed(change.path)
        new = fingerprint(prepared / "new" / prefix / change.path)
        known = files.get(change.path) or File(change.old, change.new, None, None)
        files[change.path] = replace(known, old=old, new=new)
    parents = {
        parent
        for change in plan.changes
        if change.new
        for parent in Path(prefix + change.path).parents
    }
    missing = sorted(str(parent) for parent in parents if not (top / parent).is_dir())
    return replace(record, files=files, directories=missing)
