"""What must hold before anything is written: git has all that would be replaced."""

import os
import shutil
from pathlib import Path

from .errors import RefusedError
from .git import Git, Repository
from .merge import Merge


def check(repository: Repository, merge: Merge) -> None:
    """Raise RefusedError, with the list, if a path to be written holds what git does not have."""
    top = Path(repository.top, repository.prefix)
    added = [change.path for change in merge.changes if change.kind == "add"]
    others = sorted(set(merge.paths) - set(added))
    in_the_way = [path for path in added if _blocked(top, path)]
    dirty = _unstaged(repository, merge.scratch, others)
    if in_the_way or dirty:
        lines = [f"  {path} (in the way, not in the index)" for path in in_the_way]
        lines += [f"  {path} (changed, not staged)" for path in dirty]
        raise RefusedError(
            "it would write what is not safe in the index:\n" + "\n".join(lines),
            "commit or `git add` your changes, or move the files away",
        )


def _blocked(top: Path, path: str) -> bool:
    """Tell whether something is at `path`, or something other than a directory above it."""
    if os.path.lexists(top / path):
        return True
    above = [top / parent for parent in list(Path(path).parents)[:-1]]
    return any(os.path.lexists(p) and (p.is_symlink() or not p.is_dir()) for p in above)


def _unstaged(repository: Repository, scratch: Git, paths: list[str]) -> list[str]:
    """Return those of `paths` whose file differs from the index, by content rather than by time."""
    if not paths:
        return []
    copy = scratch.cwd / "index.check"
    shutil.copyfile(repository.index, copy)
    index = {"GIT_INDEX_FILE": str(copy)}
    repository.git("update-index", "-q", "--really-refresh", expect=(0, 1), env=index)
    full = [repository.prefix + path for path in paths]
    found = repository.git.fields(
        "--literal-pathspecs", "diff-files", "-z", "--name-only", "--", *full, env=index
    )
    return sorted({path.removeprefix(repository.prefix) for path in found})
