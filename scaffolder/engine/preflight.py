"""What must hold before anything is written: git has all that would be replaced."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scaffolder.errors import RefusedError

from . import index, trees
from .git import Git, Repository
from .merge import Merge


def check(repository: Repository, merge: Merge) -> None:
    """Raise RefusedError, with the list, if a path to be written holds what git does not have."""
    top = Path(repository.top, repository.prefix)
    added = [change.path for change in merge.changes if change.kind == "add"]
    others = sorted(set(merge.paths) - set(added))
    check_places(repository, merge.paths)
    there = index.entries(repository, [repository.prefix + path for path in added])
    lines = [
        f"  {path} (in the way, not in the index)"
        for path in added
        if os.path.lexists(top / path) or repository.prefix + path in there
    ]
    lines += [f"  {path} (changed, not staged)" for path in _unstaged(repository, merge, others)]
    if lines:
        raise _refused(lines, "commit or `git add` your changes, or move the files away")
    check_sparse(repository, hidden(repository, others), added)
    _check_case(repository, merge.scratch, merge.ours, added)


def check_places(repository: Repository, paths: Iterable[str]) -> None:
    """Raise RefusedError unless all above `paths` are directories of this very repository."""
    top = Path(repository.top, repository.prefix)
    lines = []
    for parent in sorted({parent for path in paths for parent in _above(path)}):
        if (top / parent).is_symlink():
            lines.append(f"  {parent} (a symbolic link, which is not followed)")
        elif os.path.lexists(top / parent / ".git"):
            lines.append(f"  {parent} (a repository of its own)")
        elif os.path.lexists(top / parent) and not (top / parent).is_dir():
            lines.append(f"  {parent} (in the way, no directory)")
    if lines:
        raise _refused(lines, "move them away")


def _above(path: str) -> Iterator[str]:
    """Return the directories that a path is in, but for the service's own."""
    return (str(parent) for parent in list(PurePosixPath(path).parents)[:-1])


def _refused(lines: list[str], hint: str) -> RefusedError:
    return RefusedError("it would write what is not safe in the index:\n" + "\n".join(lines), hint)


def _unstaged(repository: Repository, merge: Merge, paths: list[str]) -> list[str]:
    """Return those of `paths` whose file differs from the index, by content rather than by time."""
    if not paths:
        return []
    at = {"GIT_INDEX_FILE": str(index.copied(merge.scratch, repository, "check"))}
    repository.git("update-index", "-q", "--really-refresh", expect=(0, 1), env=at)
    full = [repository.prefix + path for path in paths]
    found = repository.git.fields(
        "--literal-pathspecs", "diff-files", "-z", "--name-only", "--", *full, env=at
    )
    return sorted({path.removeprefix(repository.prefix) for path in found})


def hidden(repository: Repository, paths: list[str]) -> list[str]:
    """Return those of `paths` that the index says are not to be in the work tree."""
    if not paths:
        return []
    full = [repository.prefix + path for path in paths]
    tagged = repository.git.fields("--literal-pathspecs", "ls-files", "-t", "-z", "--", *full)
    return [line[2:].removeprefix(repository.prefix) for line in tagged if line[0] == "S"]


def check_sparse(repository: Repository, hidden: list[str], added: list[str]) -> None:
    """Raise RefusedError for paths that the user's sparse checkout leaves out of the work tree."""
    absent = sorted([*hidden, *_outside(repository, added)])
    if absent:
        lines = "\n".join(f"  {path}" for path in absent)
        raise RefusedError(
            f"it would write files that your sparse checkout leaves out:\n{lines}",
            "git sparse-checkout add, with their directories",
        )


def _outside(repository: Repository, paths: list[str]) -> list[str]:
    """Return those of `paths` that the rules of a sparse checkout leave out.

    Git before 2.41 cannot tell; there, new files are put in place, as git allows.
    """
    if not paths or not _configured(repository, "core.sparseCheckout"):
        return []
    asked = os.fsencode("".join(f"{repository.prefix}{path}\0" for path in paths))
    command = ("sparse-checkout", "check-rules", "-z")
    done = repository.git(*command, stdin=asked, expect=(0, 129))
    within = set(os.fsdecode(done.stdout).split("\0"))
    return [p for p in paths if done.returncode == 0 and repository.prefix + p not in within]


def _configured(repository: Repository, name: str) -> bool:
    command = ("config", "--type=bool", "--get", name)
    return repository.git(*command, expect=(0, 1)).stdout.strip() == b"true"


def _check_case(repository: Repository, scratch: Git, ours: str, added: list[str]) -> None:
    """Raise RefusedError for a new path that differs from one in the index by nothing but case."""
    if not _configured(repository, "core.ignorecase"):
        return
    known = {name for path in trees.list_tree(scratch, ours) for name in (path, *_above(path))}
    folded = {name.casefold(): name for name in known}
    for path in added:
        for name in (path, *_above(path)):
            if name not in known and name.casefold() in folded:
                raise RefusedError(
                    f"{name} would be added, but there is {folded[name.casefold()]}, "
                    "and this repository does not tell upper case from lower case",
                    f"rename it: git mv {folded[name.casefold()]} {name}",
                )
