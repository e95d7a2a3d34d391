"""Make a new service: rendered and committed out of sight, then put in place at once."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cache
from .engine import ANSWERS_FILE, trees
from .engine.git import QUIET, Git, GitError, Repository, repository
from .errors import RefusedError, ScaffoldError
from .interrupts import uninterrupted
from .render import recorded, render, rendered
from .source import Source


def require_free(target: Path) -> None:
    """Raise RefusedError unless `target` does not exist or is an empty directory."""
    hint = "choose another name or path, or move it away"
    if target.is_symlink() and not target.exists():
        raise RefusedError(f"{target} is a symbolic link that leads nowhere", hint)
    if not target.exists():
        ancestor = next(parent for parent in target.parents if os.path.lexists(parent))
        if not ancestor.is_dir():
            raise RefusedError(f"{ancestor} is not a directory", hint)
        return
    if not target.is_dir():
        raise RefusedError(f"{target} exists and is not a directory", hint)
    if any(target.iterdir()):
        raise RefusedError(f"{target} exists and is not empty", hint)


def enclosing(target: Path) -> Repository | None:
    """Return the repository that a service at `target` would be part of, unless it ignores it."""
    directory = next(parent for parent in (target, *target.parents) if parent.is_dir())
    found = repository(directory)
    if found is None:
        return None
    ignored = found.git("check-ignore", "-q", "--", str(target), expect=(0, 1, 128))
    return None if ignored.returncode == 0 else found


def create(
    source: Source,
    answers: Mapping[str, Any],
    target: Path,
    *,
    commit: str,
    within: Repository | None,
) -> None:
    """Render the service and put it at `target`.

    With `commit`, the message, it becomes a repository with one commit; `within` a repository it is
    added to that one's index instead. On any failure nothing is left behind.
    """
    with _workshop(target) as workshop:
        tree = workshop / "tree"
        render(source, answers, tree)
        made = trees.read_tree(tree)
        if commit:
            _commit(tree, commit)
        with uninterrupted() as interrupts, _in_place(tree, target):
            if within:
                within.git("add", "--force", "--", str(target))
            interrupts.check()
            interrupts.finish()
    if commit or within:
        home = within.git_dir if within else target / ".git"
        cache.put(home / "viscaffold" / "cache", source, made)


@dataclass(frozen=True)
class Preview:
    """What would be made: its answers, paths, the name of its tree in git, and a patch."""

    answers: dict[str, Any]
    paths: list[str]
    tree: str
    diff: bytes


def preview(source: Source, answers: Mapping[str, Any]) -> Preview:
    """Render the service out of the way, and show it; nothing is left of it."""
    with rendered(source, answers) as directory:
        made = trees.read_tree(directory)
        git = Git(directory, options=QUIET)
        git("init", "--quiet", "--template=")
        git("add", "--all", "--force")
        tree = git.line("write-tree")
        empty = git("hash-object", "-t", "tree", "--stdin", "-w").stdout.decode().strip()
        diff = git("diff-tree", "-r", "-p", "--binary", empty, tree).stdout
    return Preview(recorded(made[ANSWERS_FILE][1]), sorted(made), tree, diff)


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Make a directory beside `target`, and the directories above it; only the latter may stay."""
    missing = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=".viscaffold-", dir=target.parent))
        try:
            yield workshop
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    except BaseException:
        for parent in missing:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise


def _commit(tree: Path, message: str) -> None:
    git = Git(tree)
    # Where the user has not chosen a name for the first branch, use the one that CI looks at.
    chosen = git("config", "--get", "init.defaultBranch", expect=(0, 1)).returncode == 0
    branch = () if chosen else ("-c", "init.defaultBranch=main")
    git(*branch, "init", "--quiet")
    # The user's own ignore rules do not decide what belongs to a service: --force.
    git("add", "--all", "--force")
    try:
        git("commit", "--quiet", "--message", message)
    except GitError as error:
        _require_identity(git)
        raise GitError(error.message, "mend that, or use --no-git and commit by hand") from error


def _require_identity(git: Git) -> None:
    for variable in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if git("var", variable, expect=(0, 1, 128)).returncode:
            raise ScaffoldError(
                "git does not know your name, so it cannot make the first commit",
                'git config --global user.name "Your Name" && '
                "git config --global user.email you@example.com; or use --no-git",
            )


@contextmanager
def _in_place(tree: Path, target: Path) -> Iterator[None]:
    """Move the tree to `target`; take it away again if what follows fails."""
    if not target.exists():
        tree.rename(target)
        try:
            yield
        except BaseException:
            shutil.rmtree(target)
            raise
        return
    # An empty directory that is there stays the same one: it may be somebody's current directory.
    moved: list[Path] = []
    try:
        for child in sorted(tree.iterdir()):
            child.rename(target / child.name)
            moved.append(target / child.name)
        yield
    except BaseException:
        for child in moved:
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        raise
