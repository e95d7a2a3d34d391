"""The present of a service, saved on a branch: what is staged, then what is on disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from scaffolder.engine import index, trees
from scaffolder.engine.git import Git, GitError, Repository
from scaffolder.engine.prepare import DURABLE
from scaffolder.engine.trees import Blob, Overlay

PREFIX = "viscaffold/before-rollback-"

NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "viscaffold"), ("EMAIL", "viscaffold@localhost"))
}
"""Who saves where git does not know its user: an emergency is no time to ask."""


def branch(repository: Repository) -> str:
    """Return the name of a branch that is not there yet."""
    name = f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    listed = repository.git.fields("for-each-ref", "--format=%(refname:lstrip=2)%00", "refs/heads")
    taken = {line.strip() for line in listed}
    numbered = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(found for found in numbered if found not in taken)


@contextmanager
def saved(git: Git, repository: Repository, tree: str, name: str) -> Iterator[None]:
    """Save the service's `tree` on a branch; if what follows fails, the branch goes again.

    Its last commit is what was on disk, and the one before it what was staged, where that differs.
    """
    head = repository.head()
    tip = head
    if not index.unmerged(repository):
        staged = index.write_tree(git, repository, index.copied(git, repository, "saved"))
        if staged not in (tree, _service(repository, head)):
            tip = _commit(git, repository, staged, tip, "What was staged before the rollback")
    tip = _commit(git, repository, tree, tip, "What was there before the rollback")
    _import(git, repository, tip, head)
    reference = f"refs/heads/{name}"
    repository.git("update-ref", "-m", "viscaffold rollback", reference, tip, "0" * len(tip))
    try:
        yield
    except BaseException:
        with suppress(GitError):
            repository.git("update-ref", "-d", reference, tip)
        raise


def content(path: Path) -> bytes:
    """Return what a file holds; of a link its target."""
    return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def _service(repository: Repository, head: str) -> str:
    """Return the service's tree in a commit; an empty text if it is not there."""
    name = f"{head}:{repository.prefix.removesuffix('/')}"
    command = ("rev-parse", "--quiet", "--verify", "--end-of-options", name)
    return repository.git(*command, expect=(0, 1, 128)).stdout.decode().strip() if head else ""


def _commit(git: Git, repository: Repository, tree: str, parent: str, message: str) -> str:
    """Write a commit of the whole repository with another tree of the service."""
    if repository.prefix:
        place = {repository.prefix.removesuffix("/"): Blob("040000", tree)}
        around = f"{parent}^{{tree}}" if parent else git.line("mktree")
        tree = trees.write_tree(git, Overlay(git.line("rev-parse", around), place))
    parents = ("-p", parent) if parent else ()
    into = {"GIT_OBJECT_DIRECTORY": str(git.cwd / "objects")}
    known = repository.git("var", "GIT_COMMITTER_IDENT", expect=(0, 128)).returncode == 0
    command = ("commit-tree", tree, *parents, "-m", message)
    done = repository.git(*command, env=into if known else into | NOBODY)
    return done.stdout.decode().strip()


def _import(git: Git, repository: Repository, tip: str, head: str) -> None:
    """Copy what the branch has, and the repository has not, into it."""
    asked = trees.lines([tip, *([f"^{head}"] if head else [])])
    pack = git("pack-objects", "--revs", "--stdout", "-q", stdin=asked).stdout
    repository.git(*DURABLE, "unpack-objects", "-q", stdin=pack)
