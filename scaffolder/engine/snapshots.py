"""Trees of what is on disk, written into the scratch repository: nothing of the user's changes."""

import os
from collections.abc import Iterable

from . import index, safe_paths
from .git import Git, Repository

SUBMODULE = "160000"


def taken(git: Git, repository: Repository, paths: Iterable[str], name: str) -> str:
    """Return the service's tree with `paths` as they are on disk, and all else as staged.

    `name` is that of the copy of the index that it is made in.
    """
    copy = index.copied(git, repository, name)
    into = {"GIT_INDEX_FILE": str(copy), "GIT_OBJECT_DIRECTORY": str(git.cwd / "objects")}
    wanted = [*paths]
    gone = [path for path in wanted if _is_gone(repository, path)]
    if gone:
        listed = _listed(repository, gone)
        repository.git("update-index", "-z", "--force-remove", "--stdin", stdin=listed, env=into)
    for flag, overlooked in index.overlooked(repository, wanted).items():
        repository.git("update-index", flag, "-z", "--stdin", stdin=overlooked, env=into)
    command = ("update-index", "-z", "--add", "--remove", "--replace", "--stdin")
    there = _listed(repository, [path for path in wanted if path not in gone])
    repository.git(*command, stdin=there, env=into)
    return index.write_tree(git, repository, copy)


def present(repository: Repository) -> tuple[list[str], list[str]]:
    """Return all paths of the service, and the repositories in it, whose content is not seen.

    The paths are those that git tracks or could; what it ignores is not among them, nor what the
    user's sparse checkout leaves out.
    """
    found, inside = [], []
    where = repository.prefix or "."
    for line in repository.git.fields("ls-files", "--stage", "-v", "-z", "--", where):
        about, _, path = line.partition("\t")
        tag, mode, _ = about.split(" ", 2)
        if mode == SUBMODULE:
            inside.append(path)
        elif tag.upper() != "S" or os.path.lexists(repository.top / path):
            found.append(path)
    for path in repository.git.fields(
        "ls-files", "--others", "--exclude-standard", "-z", "--", where
    ):
        (inside if path.endswith("/") else found).append(path)
    cut = len(repository.prefix)
    return sorted({path[cut:] for path in found}), sorted({path[cut:] for path in inside})


def _is_gone(repository: Repository, path: str) -> bool:
    """Tell what git would not take for gone: what a directory or a link stands in the way of."""
    home = repository.directory
    if safe_paths.is_behind_link(home, path):
        return True
    return (home / path).is_dir() and not (home / path).is_symlink()


def _listed(repository: Repository, paths: list[str]) -> bytes:
    """Return paths as git reads them."""
    return os.fsencode("".join(f"{repository.prefix}{path}\0" for path in paths))
