"""What must hold before anything is written: git has all that would be replaced."""

import os
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from scaffolder.errors import RefusedError
from scaffolder.text import shown

from . import index, safe_paths
from .git import Repository
from .index import Entry
from .merge import Merge


def check(repository: Repository, merge: Merge) -> None:
    """Raise RefusedError, with the list, if a path to be written holds what git does not have."""
    top = repository.directory
    added = [change.path for change in merge.changes if change.kind == "add"]
    others = sorted(set(merge.paths) - set(added))
    leaving = {change.path for change in merge.changes if change.kind == "delete"}
    check_places(repository, merge.paths, leaving)
    listed = index.listed(repository, [repository.prefix + path for path in merge.paths])
    blocking = [
        found
        for path in added
        for found in in_the_way(top, path, leaving)
        or ([path] if repository.prefix + path in listed else [])
    ]
    ignored = _ignored(repository, blocking)
    lines = [
        f"  {path} (in the way, {'ignored by git' if path in ignored else 'not in the index'})"
        for path in blocking
    ]
    absent = [path for path in others if _is_hidden(listed.get(repository.prefix + path))]
    unstaged = _unstaged(repository, merge, listed, [p for p in others if p not in absent])
    lines += [f"  {path} (changed, not staged)" for path in unstaged]
    if lines:
        raise _refused(lines, _hint(ignored=ignored, own={*blocking, *unstaged} - ignored))
    check_sparse(repository, absent, added)
    _check_case(repository, merge.before, added)


def _hint(*, ignored: set[str], own: set[str]) -> str:
    """Return what to do about files in the way; what git ignores may be secret, so no `git add`."""
    move = "move what git ignores away, run the command again, and take over by hand what you need"
    stage = "commit or `git add` your changes, or move the files away"
    return "; ".join([*([stage] if own else []), *([move] if ignored else [])])


def in_the_way(top: Path, path: str, leaving: Container[str]) -> list[str]:
    """Return what stands at `path`, but for files that go; of a directory what is in it."""
    place = top / path
    if place.is_symlink() or not place.is_dir():
        return [path] if os.path.lexists(place) and path not in leaving else []
    files = (Path(folder, name) for folder, _, names in os.walk(place) for name in names)
    return sorted(name for file in files if (name := str(file.relative_to(top))) not in leaving)


def check_safe(paths: Iterable[str]) -> None:
    """Raise RefusedError for paths that cannot name a file below the service."""
    for path in paths:
        why = safe_paths.problem(path)
        if why:
            raise RefusedError(f"{shown(path)} cannot be written: {why}")


def check_free(top: Path, paths: Iterable[str], leaving: Container[str]) -> None:
    """Raise RefusedError if directories that files are to replace have more than what goes."""
    lines = [
        f"  {found} (in the way of the file {path})"
        for path in paths
        for found in in_the_way(top, path, leaving)
    ]
    if lines:
        raise _refused(lines, "move them away")


def _ignored(repository: Repository, paths: list[str]) -> set[str]:
    """Return those of `paths` that git ignores."""
    if not paths:
        return set()
    asked = os.fsencode("".join(f"{repository.prefix}{path}\0" for path in paths))
    done = repository.git("check-ignore", "-z", "--stdin", stdin=asked, expect=(0, 1, 128))
    found = os.fsdecode(done.stdout).split("\0")
    return {path for path in paths if repository.prefix + path in found}


def check_places(
    repository: Repository, paths: Iterable[str], leaving: Container[str] = frozenset()
) -> None:
    """Raise RefusedError unless all above `paths` are directories of this very repository.

    A file there is none of them, but for those that are `leaving`.
    """
    top = repository.directory
    lines = []
    for parent in sorted({parent for path in paths for parent in _above(path)}):
        if (top / parent).is_symlink():
            lines.append(f"  {parent} (a symbolic link, which is not followed)")
        elif os.path.lexists(top / parent / ".git"):
            lines.append(f"  {parent} (a repository of its own)")
        elif parent not in leaving and (top / parent).exists() and not (top / parent).is_dir():
            lines.append(f"  {parent} (in the way, no directory)")
    if lines:
        raise RefusedError(
            "what stands in the place of these directories is not written through:\n"
            + "\n".join(lines),
            "move it away; a symbolic link: unlink PATH",
        )


def _above(path: str) -> Iterator[str]:
    """Return the directories that a path is in, but for the service's own."""
    return (str(parent) for parent in list(PurePosixPath(path).parents)[:-1])


def _refused(lines: list[str], hint: str) -> RefusedError:
    return RefusedError("it would write what is not safe in the index:\n" + "\n".join(lines), hint)


def _unstaged(
    repository: Repository, merge: Merge, listed: Mapping[str, Entry], paths: list[str]
) -> list[str]:
    """Return those of `paths` whose file differs from the index, by content rather than by time.

    They are looked at in an index of their own: git would look at all files of the user's.
    """
    full = [path for path in (repository.prefix + name for name in paths) if path in listed]
    if not full:
        return []
    at = {"GIT_INDEX_FILE": str(merge.scratch.cwd / "index.check")}
    found = [(path, stage, blob) for path in full for stage, blob in listed[path].stages.items()]
    index.write_entries(repository.git, at, found, len(merge.ours))
    repository.git("update-index", "-q", "--really-refresh", expect=(0, 1), env=at)
    differing = repository.git.fields("diff-files", "-z", "--name-only", env=at)
    return sorted({path.removeprefix(repository.prefix) for path in differing})


def hidden(repository: Repository, paths: list[str]) -> list[str]:
    """Return those of `paths` that the index says are not to be in the work tree."""
    listed = index.listed(repository, [repository.prefix + path for path in paths])
    return [path for path in paths if _is_hidden(listed.get(repository.prefix + path))]


def _is_hidden(entry: Entry | None) -> bool:
    return entry is not None and entry.tag == "S"


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


def _check_case(repository: Repository, ours: Iterable[str], added: list[str]) -> None:
    """Raise RefusedError for a new path that differs from one in the index by nothing but case."""
    if not _configured(repository, "core.ignorecase"):
        return
    known = {name for path in ours for name in (path, *_above(path))}
    folded = {name.casefold(): name for name in known}
    for path in added:
        for name in (path, *_above(path)):
            if name not in known and name.casefold() in folded:
                raise RefusedError(
                    f"{name} would be added, but there is {folded[name.casefold()]}, "
                    "and this repository does not tell upper case from lower case",
                    f"rename it: git mv {folded[name.casefold()]} {name}",
                )
