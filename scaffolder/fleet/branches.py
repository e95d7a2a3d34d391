"""The branch of an update: made once, and found again, here or on the server."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scaffolder.engine.git import Git, Repository
from scaffolder.errors import RefusedError
from scaffolder.overlays.fetch import remote
from scaffolder.text import quoted

from . import checkout
from .repositories import Place

DEPTH = 50
"""The most commits of others on a branch that are examined."""

UNFIT = re.compile(r"[\x00-\x20\x7f~^:?*\[\\/@]|\.(?=\.|lock$|$)")
"""What no part of a branch's name has (git-check-ref-format(1)), and slashes."""


@dataclass(frozen=True)
class Branch:
    """A branch, and the commits that it is at: here, and on the server if it was asked."""

    name: str
    here: str
    server: str


def name(words: Iterable[str]) -> str:
    """Return the name of a branch with these words in it, as far as git takes them."""
    return f"viscaffold/{UNFIT.sub('-', '-'.join(words))}"


def find(place: Place, apart: Repository, name: str, *, push: bool) -> Branch:
    """Look for the branch; the server is asked where it will be pushed to, or came from."""
    ref = f"refs/heads/{name}"
    asked = ("rev-parse", "--quiet", "--verify", ref)
    here = place.repository.git(*asked, expect=(0, 1)).stdout.decode().strip()
    server = ""
    if place.upstream.url and (push or place.fetched):
        depth = DEPTH if place.fetched else 0
        server = remote.branch(place.upstream, apart.git_dir, name, depth=depth)
    return Branch(name, here, server)


def made(place: Place, apart: Repository, branch: Branch, message: str) -> str:
    """Return the commit of what is staged, on the branch: of an earlier run, or a new one.

    An earlier one may have more commits since. Raise RefusedError for a branch that is another.
    """
    git = apart.git
    tree = git.line("write-tree")
    for tip in filter(None, (branch.here, branch.server)):
        if not _has(git, tip, place.commit, tree):
            raise _another(place, branch, tip)
    commit = branch.server or branch.here
    if branch.here and branch.server and _has_commit(git, branch.here, branch.server):
        commit = branch.here
    if not commit:
        git("commit", "--quiet", "--message", message)
        commit = git.line("rev-parse", "HEAD")
    if not branch.here:
        checkout.add(place.repository, apart, branch.name, commit, place.commit)
    return commit


def pushed(place: Place, apart: Repository, branch: Branch, commit: str) -> None:
    """Push the branch, where the server has not got it as it is."""
    if not place.upstream.url:
        raise RefusedError(
            f"the branch {branch.name} is made, but there is no remote origin",
            "git remote add origin URL, there",
        )
    if branch.server == commit:
        return
    apart.git("update-ref", f"refs/heads/{branch.name}", commit)
    remote.push(place.upstream, apart.git_dir, branch.name)


def _has(git: Git, tip: str, parent: str, tree: str) -> bool:
    """Tell whether a branch has a commit with this tree on this parent."""
    command = ("rev-list", f"--max-count={DEPTH}", "--no-commit-header", "--format=%T %P")
    return f"{tree} {parent}" in git.line(*command, f"{parent}..{tip}").split("\n")


def _has_commit(git: Git, tip: str, commit: str) -> bool:
    return git("merge-base", "--is-ancestor", commit, tip, expect=(0, 1)).returncode == 0


def _another(place: Place, branch: Branch, tip: str) -> RefusedError:
    there = tip == branch.server and tip != branch.here
    where = f" on {place.upstream.place}" if there else ""
    remove = ["git", "push", place.upstream.place, "--delete"] if there else ["git", "branch", "-D"]
    return RefusedError(
        f"there is a branch {branch.name} already{where}, with other content or another origin",
        f"merge it, or delete it: {' '.join(map(quoted, [*remove, branch.name]))}",
    )
