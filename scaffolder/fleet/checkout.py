"""A place apart for one repository: a throw-away repository that borrows its objects.

Nothing that the repository's own configuration names is run there: no hook, filter, helper or
monitor. Those that the user's configuration names are the user's.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from scaffolder import temporary
from scaffolder.engine import attributes, trees
from scaffolder.engine.git import QUIET, Git, Repository
from scaffolder.errors import RefusedError

IDENTITY = ("user.name", "user.email", "user.signingKey", "commit.gpgSign", "gpg.format")
"""What counts of a repository's own configuration: who commits there, and whether it is signed."""

# Nothing is left behind that goes on when the directory is gone, and no server is asked: not for
# large files, the repository says where they are.
APART = (*QUIET, "-c", "gc.auto=0", "-c", "maintenance.auto=false")
LOCAL = {"GIT_LFS_SKIP_SMUDGE": "1", "GIT_NO_LAZY_FETCH": "1"}


def guarded(found: Repository) -> Repository:
    """Return a repository of others, only to read references and add objects."""
    variables = {"GIT_DIR": str(found.git_dir), **LOCAL, "GIT_ALLOW_PROTOCOL": ""}
    return replace(found, git=Git(found.top, variables, QUIET))


@contextmanager
def checked_out(source: Repository, commit: str) -> Iterator[Repository]:
    """Check a commit out into a repository of its own, which is gone afterwards."""
    with temporary.directory() as directory:
        top, home = directory.resolve() / "tree", directory.resolve() / "git"
        top.mkdir()
        variables = {"GIT_DIR": str(home), "GIT_WORK_TREE": str(top), **LOCAL}
        git = Git(top, variables, (*APART, *_identity(source.git)))
        git("init", "--quiet", "--template=", f"--object-format={source.object_format}")
        _include(git, _files(source.git) - _files(git))
        trees.borrow(home / "objects", source.objects)
        shallow = source.objects.parent / "shallow"
        if shallow.is_file():
            shutil.copyfile(shallow, home / "shallow")
        git("update-ref", "--no-deref", "HEAD", commit)
        git("read-tree", "--reset", "-u", "--no-recurse-submodules", commit)
        yield Repository(git, top, "", home, home / "objects", source.object_format)


def _identity(git: Git) -> tuple[str, ...]:
    pattern = f"^({'|'.join(map(re.escape, IDENTITY))})$".lower()
    listed = git("config", "--get-regexp", "-z", pattern, expect=(0, 1)).stdout.decode()
    # Of several values the last one counts, as for git.
    values = dict(entry.partition("\n")[::2] for entry in listed.split("\0")[:-1])
    return tuple(word for name, value in values.items() for word in ("-c", f"{name}={value}"))


def _files(git: Git) -> set[str]:
    """Return the files of the user's configuration that count in a repository."""
    listed = git.fields("config", "--list", "--name-only", "--show-scope", "--show-origin", "-z")
    entries = zip(listed[::3], listed[1::3], strict=False)
    return {o for scope, o in entries if scope in ("system", "global") and o.startswith("file:/")}


def _include(git: Git, files: set[str]) -> None:
    """Have what the user's configuration includes for a place (`includeIf`) count apart, too."""
    for file in sorted(files):
        git("config", "--add", "include.path", file.removeprefix("file:"))


def require_filters(repository: Repository, paths: list[str]) -> None:
    """Raise RefusedError for a file that is stored through a filter which is not known here.

    Git would store it as it is: in clear text, where the filter is there to encrypt.
    """
    for path, found in attributes.look_up(repository, paths).items():
        name = found.get("filter", "unset")
        if name in ("set", "unset"):
            continue
        pattern = rf"^filter\.{_escaped(name)}\.(clean|process)$"
        if repository.git("config", "--get-regexp", pattern, expect=(0, 1)).returncode:
            raise RefusedError(
                f"{repository.prefix}{path} is stored through the filter {name}, which your own "
                "git configuration does not have",
                f"git config --global filter.{name}.clean ..., or viscaffold update in a checkout",
            )


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else f"[{c}]" for c in name if c not in "[]^\\")


def add(source: Repository, apart: Repository, branch: str, commit: str, base: str) -> None:
    """Give the repository a new branch, with the commits that were made apart."""
    revisions = f"{commit}\n^{base}\n".encode()
    pack = apart.git("pack-objects", "--revs", "--stdout", "-q", stdin=revisions).stdout
    source.git("unpack-objects", "-q", stdin=pack)
    source.git("update-ref", f"refs/heads/{branch}", commit, "")
