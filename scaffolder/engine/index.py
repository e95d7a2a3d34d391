"""The index of a service: its lock, copies of it, trees from it, and what it says of files."""

import errno
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scaffolder.errors import RefusedError

from . import journal
from .git import Git, Repository
from .journal import Journal
from .trees import Blob

SEEN = "seen"
"""The copy of the index that a plan was made from; it stays as it is, unlike those git works on."""

FEW = 100
"""The most paths that git is asked for by name."""

LOCK = b"viscaffold "
"""What git's lock starts with where it is ours; git's own are empty, or an index."""


@contextmanager
def locked(repository: Repository) -> Iterator[None]:
    """Hold git's lock on the index: no git command changes it meanwhile.

    The lock appears in one step with all that it holds, so that `unlock` knows one that a killed
    process left.
    """
    lock = _lock(repository)
    draft = Journal(repository).home / lock.name
    try:
        draft.write_bytes(LOCK + b"%d\n" % os.getpid())
        _link(draft, lock)
    except FileExistsError:
        raise RefusedError(
            f"another git command is running here: {lock} exists",
            "wait for it to end; if it was killed, remove the file",
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # the next command unlocks it
            lock.unlink()


@contextmanager
def rewritten(repository: Repository) -> Iterator[Mapping[str, str]]:
    """Give the variables that name a copy of the index; it replaces the index afterwards.

    Git's own way to change the index would leave its lock behind when it is killed.
    """
    with locked(repository):
        copy = Journal(repository).home / "index"
        try:
            shutil.copyfile(repository.index, copy)
            yield {"GIT_INDEX_FILE": str(copy)}
            journal.sync([copy])
            copy.replace(repository.index)
        finally:
            copy.unlink(missing_ok=True)


def is_locked(repository: Repository) -> bool:
    """Tell if viscaffold has the lock; if none is running, it was killed."""
    with suppress(OSError), _lock(repository).open("rb") as lock:
        return lock.read(len(LOCK)) == LOCK
    return False


def unlock(repository: Repository) -> None:
    """Remove the lock that a killed viscaffold left; the caller has to hold the journal's."""
    if is_locked(repository):
        _lock(repository).unlink(missing_ok=True)


def _lock(repository: Repository) -> Path:
    return repository.index.with_name("index.lock")


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has only one for each."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}:
            raise
        with source.open("rb") as content, target.open("xb") as copy:
            shutil.copyfileobj(content, copy)


def write_tree(git: Git, repository: Repository, index: Path) -> str:
    """Write the service's part of the file `index` as a tree, into the scratch repository.

    Conflicts of a neighbour in the same repository are no matter of this service. Raise
    RefusedError where git cannot: unmerged entries, a damaged index, missing objects.
    """
    done = _written(git, repository, index)
    if done.returncode and repository.prefix and not unmerged(repository):
        done = _written(git, repository, _without_conflicts(git, repository, index))
    if done.returncode:
        words = done.stderr.decode(errors="replace")
        raise RefusedError(
            f"git cannot write the index as a tree: {words.strip()}",
            "finish what is under way (`git status` shows it)",
        )
    return done.stdout.decode().strip()


def _written(git: Git, repository: Repository, index: Path) -> subprocess.CompletedProcess[bytes]:
    return repository.git(
        "write-tree",
        f"--prefix={repository.prefix}",
        expect=(0, 128),
        env={"GIT_INDEX_FILE": str(index), "GIT_OBJECT_DIRECTORY": str(git.cwd / "objects")},
    )


def _without_conflicts(git: Git, repository: Repository, index: Path) -> Path:
    """Copy an index without its paths in conflict: git writes no part of one that has any."""
    copy = git.cwd / f"{index.name}.merged"
    shutil.copyfile(index, copy)
    env = {"GIT_INDEX_FILE": str(copy)}
    done = repository.git("ls-files", "--unmerged", "-z", env=env)
    lines = os.fsdecode(done.stdout).split("\0")[:-1]
    gone = [(path, 0, None) for path in sorted({line.partition("\t")[2] for line in lines})]
    write_entries(repository.git, env, gone, len(lines[0].split()[1]) if lines else 0)
    return copy


def copied(git: Git, repository: Repository, name: str) -> Path:
    """Copy the index into the scratch repository, under a name of its own."""
    copy = git.cwd / f"index.{name}"
    if repository.index.exists():
        shutil.copyfile(repository.index, copy)
    return copy


def replacing(path: str, stages: Mapping[int, Blob]) -> list[tuple[str, int, Blob | None]]:
    """Return what `write_entries` needs for an index to have these stages of a path, no others."""
    gone: list[tuple[str, int, Blob | None]] = [(path, 0, None)] if set(stages) != {0} else []
    return [*gone, *((path, stage, stages[stage]) for stage in sorted(stages))]


def write_entries(
    git: Git, index: Mapping[str, str], entries: Iterable[tuple[str, int, Blob | None]], width: int
) -> None:
    """Put path, stage and blob into the index that the variables `index` name; None removes it.

    `width` is the length of an object's name: "none" is that many zeros.
    """
    lines = []
    for path, stage, blob in entries:
        found = blob or Blob("0", "0" * width)
        lines.append(f"{found.mode} {found.oid} {stage}\t{path}\0")
    git("update-index", "-z", "--index-info", stdin=os.fsencode("".join(lines)), env=index)


def without(git: Git, tree: str, paths: list[str]) -> str:
    """Return `tree` less `paths`."""
    if not paths:
        return tree
    index = {"GIT_INDEX_FILE": str(git.cwd / "index.less")}
    git("read-tree", tree, env=index)
    write_entries(git, index, [(path, 0, None) for path in paths], len(tree))
    return git("write-tree", env=index).stdout.decode().strip()


@dataclass(frozen=True)
class Entry:
    """What the index has of a path."""

    tag: str
    """As `git ls-files -v` has it: "S" for a file that is not to be in the work tree, in lower case
    for one that git is to take for unchanged."""
    stages: dict[int, Blob]


def listed(repository: Repository, paths: Collection[str]) -> dict[str, Entry]:
    """Return what the index has of `paths`, which are relative to the repository's top."""
    found: dict[str, Entry] = {}
    # Git compares every entry with every path: of many paths it had better list all that there is.
    asked = paths if len(paths) <= FEW else ()
    command = ("--literal-pathspecs", "ls-files", "--stage", "-v", "-z", "--", *asked)
    for line in repository.git.fields(*command) if paths else ():
        about, _, path = line.partition("\t")
        tag, mode, oid, stage = about.split(" ")
        found.setdefault(path, Entry(tag, {})).stages[int(stage)] = Blob(mode, oid)
    return {path: found[path] for path in paths if path in found}


def entries(repository: Repository, paths: Collection[str]) -> dict[str, dict[int, Blob]]:
    """Return path → stage → blob, as the index has them."""
    return {path: entry.stages for path, entry in listed(repository, paths).items()}


def unmerged(repository: Repository) -> list[str]:
    """Return the service's paths that have conflicts in the index."""
    lines = repository.git.fields("ls-files", "--unmerged", "-z", "--", repository.prefix or ".")
    return sorted({line.partition("\t")[2].removeprefix(repository.prefix) for line in lines})


def overlooked(repository: Repository, paths: Collection[str]) -> dict[str, bytes]:
    """Return the paths that git was told to overlook, by the option that has it look at them."""
    tags = {
        path: entry.tag
        for path, entry in listed(repository, [repository.prefix + p for p in paths]).items()
    }
    found = {
        "--no-assume-unchanged": [path for path, tag in tags.items() if tag.islower()],
        "--no-skip-worktree": [path for path, tag in tags.items() if tag in {"S", "s"}],
    }
    return {
        flag: os.fsencode("".join(f"{path}\0" for path in those))
        for flag, those in found.items()
        if those
    }
