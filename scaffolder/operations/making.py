"""Make a new service: rendered and committed out of sight, then put in place at once."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffolder import temporary
from scaffolder.engine import ANSWERS_FILE, trees
from scaffolder.engine.git import QUIET, Git, GitError, Repository, repository
from scaffolder.engine.trees import Tree
from scaffolder.errors import ScaffoldError
from scaffolder.interrupts import uninterrupted
from scaffolder.placing import placed
from scaffolder.templates import render_cache
from scaffolder.templates.questions import answers_in
from scaffolder.templates.render import render, rendered
from scaffolder.templates.template import Template

from . import locking, room


def enclosing(target: Path) -> Repository | None:
    """Return the repository that a service at `target` would be part of, unless it ignores it."""
    directory = next(parent for parent in (target, *target.parents) if parent.is_dir())
    found = repository(directory)
    if found is None or directory.resolve() == found.top.resolve() == target.resolve():
        return found
    ignored = found.git("check-ignore", "-q", "--", str(target), expect=(0, 1, 128))
    return None if ignored.returncode == 0 else found


@dataclass(frozen=True)
class Made:
    """What became of a new service."""

    committed: bool
    kept: list[str]
    """Paths where the user had a file already, which stayed."""
    answers: dict[str, Any]
    """Those that it records, with the template's defaults."""
    notes: list[str]


def make(
    template: Template,
    answers: Mapping[str, Any],
    target: Path,
    *,
    commit: str,
    within: Repository | None,
) -> Made:
    """Render the service and put it at `target`, where it replaces nothing.

    With `commit`, the message, it becomes a repository with one commit, or the first commit of the
    one that is there; `within` another repository, it is added to that one's index instead. On any
    failure nothing is left behind.
    """
    with _workshop(target) as workshop:
        tree = workshop / "tree"
        render(template, answers, tree)
        made = trees.read_tree(tree)
        whole, notes = _with_lock(template, made, tree)
        kept = room.kept(whole, target)
        git = Git(tree, options=QUIET if template.layers else ())
        if commit and not within:
            room.keep(kept, target, tree)
            _commit(git, commit)
        for path in kept:
            (tree / path).unlink()
        with uninterrupted() as interrupts, placed(tree, target):
            if within:
                first = commit if _is_first(within, target) else ""
                _add(within, replace(git, cwd=within.top), target, whole, first)
            interrupts.check()
            interrupts.finish()
    render_cache.put(template, made)
    return Made(
        bool(commit) and (within is None or bool(first)),
        kept,
        answers_in(made[ANSWERS_FILE][1]),
        notes,
    )


@dataclass(frozen=True)
class Preview:
    """What would be made: its answers, paths, the name of its tree in git, and a patch."""

    answers: dict[str, Any]
    paths: list[str]
    tree: str
    diff: bytes
    notes: list[str]


def preview(template: Template, answers: Mapping[str, Any]) -> Preview:
    """Render the service out of the way, and show it; nothing is left of it."""
    with rendered(template, answers) as directory:
        made, notes = _with_lock(template, trees.read_tree(directory), directory)
        git = Git(directory, options=QUIET)
        git("init", "--quiet", "--template=")
        git("add", "--all", "--force")
        tree = git.line("write-tree")
        empty = git("hash-object", "-t", "tree", "--stdin", "-w").stdout.decode().strip()
        diff = git("diff-tree", "-r", "-p", "--binary", empty, tree).stdout
    return Preview(answers_in(made[ANSWERS_FILE][1]), sorted(made), tree, diff, notes)


def _with_lock(template: Template, made: Tree, directory: Path) -> tuple[Tree, list[str]]:
    """Lock the dependencies of what was rendered; return its files, and a note if that failed."""
    language = answers_in(made[ANSWERS_FILE][1])["language"]
    whole, note = locking.fresh(locking.of(template, language), made)
    locked = {path: entry for path, entry in whole.items() if made.get(path) != entry}
    trees.write_files(locked, directory)
    return whole, [note] if note else []


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Make a directory beside `target`, and the directories above it; only the latter may stay."""
    missing = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.beside(target) as workshop:
            yield workshop
    except BaseException:
        for parent in missing:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise


def _commit(git: Git, message: str) -> None:
    """Make a repository with one commit.

    Hooks that the user has chosen for all repositories run, unless the files are from a template of
    others: such a hook may run what it finds in them.
    """
    # Where the user has not chosen a name for the first branch, use the one that CI expects.
    chosen = git("config", "--get", "init.defaultBranch", expect=(0, 1)).returncode == 0
    branch = () if chosen else ("-c", "init.defaultBranch=main")
    git(*branch, "init", "--quiet")
    # The user's own ignore rules do not decide what belongs to a service: --force.
    git("add", "--all", "--force")
    _record(git, message)


def _record(git: Git, message: str) -> None:
    try:
        git("commit", "--quiet", "--message", message)
    except GitError as error:
        _require_identity(git)
        raise GitError(error.message, "correct that, or use --no-git and commit by hand") from error


def _is_first(within: Repository, target: Path) -> bool:
    """Tell whether the service is the first that a repository holds: in a clone of an empty one."""
    whole = target.resolve() == within.top.resolve()
    return whole and not within.head() and not within.git.fields("ls-files", "-z")


def _add(within: Repository, git: Git, target: Path, paths: Iterable[str], message: str) -> None:
    """Add a service to the index of its repository, and commit it if there is a `message`.

    What the repository tracks already is the user's, and stays as it is in the index.
    """
    tracked = set(within.git.fields("ls-files", "-z"))
    prefix = os.path.relpath(target.resolve(), within.top.resolve())
    new = [os.path.normpath(f"{prefix}/{path}") for path in paths]
    listed = os.fsencode("".join(f"{path}\0" for path in new if path not in tracked))
    exactly = ("--pathspec-from-file=-", "--pathspec-file-nul")
    literal = {"GIT_LITERAL_PATHSPECS": "1"}
    try:
        within.git("add", "--force", *exactly, stdin=listed, env=literal)
        if message:
            _record(git, message)
    except BaseException:
        command = ("rm", "--cached", "--quiet", "--ignore-unmatch", *exactly)
        within.git(*command, stdin=listed, env=literal, expect=(0, 1, 128))
        raise


def _require_identity(git: Git) -> None:
    for variable in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if git("var", variable, expect=(0, 1, 128)).returncode:
            raise ScaffoldError(
                "git does not know your name, so it cannot make the first commit",
                'git config --global user.name "Your Name" && '
                "git config --global user.email you@example.com; or use --no-git",
            )
