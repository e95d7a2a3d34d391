"""Carry out a merge in the work tree and the index: all of it, or nothing.

Everything that can fail for want of space or rights happens first, in a directory below `.git`;
then files are replaced one by one, each by a single rename, and last the index, through git's own
lock. A failure or an interrupt on the way puts back what was replaced.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import preflight
from .errors import RefusedError
from .git import Repository
from .interrupts import Interrupts, uninterrupted
from .merge import Merge
from .trees import Blob, Change, write_entries


def apply(repository: Repository, merge: Merge) -> None:
    """Carry out `merge`; raise RefusedError or OSError with everything as it was before."""
    with _locked(repository) as lock, _staging(repository) as staging:
        preflight.check(repository, merge)
        _require_same_index(repository, merge)
        _import_objects(repository, merge)
        _stage(repository, merge, staging)
        lock.write_bytes((staging / "index").read_bytes())
        with uninterrupted() as interrupted:
            _swap(repository, merge, staging, interrupted)
            lock.replace(repository.index)
            interrupted.finish()
    # New files have new times: let git note them, so that its next command need not compare.
    repository.git("update-index", "-q", "--refresh", expect=(0, 1, 128))


@contextmanager
def _locked(repository: Repository) -> Iterator[Path]:
    """Hold git's lock on the index: no other git command changes it meanwhile.

    It becomes the index in the end; only when that fails is it removed. Afterwards a lock of that
    name is somebody else's.
    """
    lock = repository.index.with_name("index.lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        raise RefusedError(
            f"another git command is at work here: {lock} exists",
            "wait for it to end; if it was killed, remove the file",
        ) from None
    try:
        shutil.copymode(repository.index, lock)
        yield lock
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


@contextmanager
def _staging(repository: Repository) -> Iterator[Path]:
    """Make a directory below .git: never in the way of the user's files, nor seen by git."""
    home = repository.git_dir / "viscaffold"
    home.mkdir(exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=home))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            home.rmdir()


def _require_same_index(repository: Repository, merge: Merge) -> None:
    seen = merge.scratch.cwd / "index.ours"
    if seen.read_bytes() != repository.index.read_bytes():
        raise RefusedError(
            "the index changed while the stage was prepared", "run the same command again"
        )


def _import_objects(repository: Repository, merge: Merge) -> None:
    """Copy the files' contents into the user's repository, as objects."""
    blobs = {change.new.oid for change in merge.changes if change.new}
    blobs |= {blob.oid for conflict in merge.conflicts for blob in conflict.stages.values()}
    listed = "\n".join(sorted(blobs)).encode()
    pack = merge.scratch("pack-objects", "--stdout", "-q", stdin=listed).stdout
    repository.git("unpack-objects", "-q", stdin=pack)


def _stage(repository: Repository, merge: Merge, staging: Path) -> None:
    """Prepare the new index, the new files as git checks them out, and the old ones to put back."""
    shutil.copyfile(repository.index, staging / "index")
    index = {"GIT_INDEX_FILE": str(staging / "index")}
    prefix, git = repository.prefix, repository.git
    entries = [(prefix + change.path, 0, change.new) for change in merge.changes]
    write_entries(git, index, entries, len(merge.result))

    new = [prefix + change.path + "\0" for change in merge.changes if change.new]
    into = f"--prefix={staging / 'new'}{os.sep}"
    git("checkout-index", "-z", "--stdin", into, stdin=os.fsencode("".join(new)), env=index)
    for change in merge.changes:
        if change.old:
            _keep(repository.top / prefix / change.path, staging / "old" / prefix / change.path)

    for conflict in merge.conflicts:
        stages: dict[int, Blob | None] = {0: None, **conflict.stages}
        entries = [(prefix + conflict.path, number, stages[number]) for number in sorted(stages)]
        write_entries(git, index, entries, len(merge.result))


def _keep(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, copy, follow_symlinks=False)


def _swap(repository: Repository, merge: Merge, staging: Path, interrupted: Interrupts) -> None:
    """Replace the files, deletions first; on any failure put back those replaced."""
    top, prefix = repository.top, repository.prefix
    done: list[Change] = []
    made: list[Path] = []
    try:
        for change in sorted(merge.changes, key=lambda change: change.new is not None):
            interrupted.check()
            done.append(change)
            _place(top / prefix / change.path, staging / "new" / prefix / change.path, change, made)
    except BaseException:
        for change in reversed(done):
            _put_back(top / prefix / change.path, staging / "old" / prefix / change.path, change)
        for directory in reversed(made):
            with suppress(OSError):
                directory.rmdir()
        raise


def _place(path: Path, new: Path, change: Change, made: list[Path]) -> None:
    if change.new is None:
        path.unlink()
        _prune(path.parent, keep=change.path.count("/"))
        return
    _make_parents(path.parent, made)
    _move(new, path)


def _put_back(path: Path, old: Path, change: Change) -> None:
    if change.old is None:
        path.unlink(missing_ok=True)
    elif old.exists() or old.is_symlink():
        path.parent.mkdir(parents=True, exist_ok=True)
        _move(old, path)


def _make_parents(directory: Path, made: list[Path]) -> None:
    if not directory.is_dir():
        _make_parents(directory.parent, made)
        directory.mkdir()
        made.append(directory)


def _prune(directory: Path, keep: int) -> None:
    """Remove directories that a deletion left empty, `keep` levels of them at most."""
    with suppress(OSError):
        for folder in [directory, *directory.parents][:keep]:
            folder.rmdir()


def _move(source: Path, target: Path) -> None:
    """Rename, or copy and rename where .git and the work tree are on different file systems."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.viscaffold")
        try:
            shutil.copy2(source, beside, follow_symlinks=False)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
