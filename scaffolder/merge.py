"""Three-way merge of trees with git.

`base` is what the template gave, `theirs` what it gives now, `ours` the index of the service.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import moves, trees
from .errors import RefusedError
from .git import Git, Repository
from .render import ANSWERS_FILE
from .trees import Blob, Change, Tree

OURS = "yours"
"""How conflict markers call the user's side."""


@dataclass(frozen=True)
class Conflict:
    """A path that the user has to decide on: its index stages (1 base, 2 ours, 3 theirs)."""

    path: str
    stages: Mapping[int, Blob]
    reason: str


@dataclass(frozen=True)
class Merge:
    """What a merge comes to: from the tree `ours` to the tree `result`, through `changes`."""

    scratch: Git
    ours: str
    result: str
    changes: list[Change]
    conflicts: list[Conflict] = field(default_factory=list)
    kept_deleted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Return every path that is written, in the work tree or in the index."""
        return sorted({*(c.path for c in self.changes), *(c.path for c in self.conflicts)})

    def diff(self, *, colour: bool = False) -> str:
        """Return the difference as a patch that `git apply` takes."""
        flag = "--color=always" if colour else "--color=never"
        done = self.scratch("diff-tree", "-r", "-p", "--binary", flag, self.ours, self.result)
        return done.stdout.decode(errors="surrogateescape")


def merge(git: Git, repository: Repository, base: Tree, theirs: Tree, label: str) -> Merge:
    """Merge in the scratch repository `git`; `label` is how conflict markers call their side.

    Raise RefusedError if a file stands where a directory has to be.
    """
    ours = trees.index_tree(git, repository)
    mine = trees.list_tree(git, ours)
    base, theirs = _like_ours(git, repository, mine, base, theirs)
    theirs, notes = moves.follow(git, base, mine, ours, theirs)
    trees.write_commits(git, base, (OURS, ours), (label, theirs))
    command = ["merge-tree", "--write-tree", "-z", "--messages", OURS, label]
    fields = os.fsdecode(git(*command, expect=(0, 1)).stdout).split("\0")
    result, stages, messages = _parse(fields)
    _refuse_blocked(messages)
    deleted = [path for path, found in stages.items() if found.keys() == {1, 3}]
    result = trees.without(git, result, deleted)
    return Merge(
        git,
        ours,
        result,
        trees.changes(git, ours, result),
        [_conflict(p, found, messages) for p, found in stages.items() if p not in deleted],
        deleted,
        notes,
    )


def _like_ours(
    git: Git, repository: Repository, mine: Mapping[str, Blob], base: Tree, theirs: Tree
) -> tuple[Tree, Tree]:
    """Fit both renders to the service: the answers file, and the line endings of its files.

    A file that the user turned to CRLF would otherwise differ from the template in every line.
    """
    base, theirs = dict(base), dict(theirs)
    for path in base.keys() & theirs.keys() & mine.keys():
        oid = mine[path].oid
        if path == ANSWERS_FILE:
            base[path] = (mine[path].mode, git("cat-file", "blob", oid).stdout)
        elif base[path] != theirs[path] and oid != trees.oid(repository, base[path][1]):
            content = git("cat-file", "blob", oid).stdout
            if b"\n" in content and content.count(b"\n") == content.count(b"\r\n"):
                base[path] = (base[path][0], base[path][1].replace(b"\n", b"\r\n"))
                theirs[path] = (theirs[path][0], theirs[path][1].replace(b"\n", b"\r\n"))
    return base, theirs


Stages = dict[str, dict[int, Blob]]
Messages = list[tuple[str, list[str], str]]


def _parse(fields: list[str]) -> tuple[str, Stages, Messages]:
    """Parse what `git merge-tree -z --messages` prints (its manual, OUTPUT)."""
    stages: Stages = {}
    at = 1
    while at < len(fields) and fields[at]:
        about, _, path = fields[at].partition("\t")
        mode, oid, number = about.split(" ")
        stages.setdefault(path, {})[int(number)] = Blob(mode, oid)
        at += 1
    messages: Messages = []
    at += 1
    while at < len(fields) - 1:
        count = int(fields[at])
        paths = fields[at + 1 : at + 1 + count]
        kind, text = fields[at + 1 + count : at + 3 + count]
        messages.append((kind, paths, text.strip()))
        at += count + 3
    return fields[0], stages, messages


def _refuse_blocked(messages: Messages) -> None:
    blocked = [paths[0] for kind, paths, _ in messages if kind == "CONFLICT (file/directory)"]
    if blocked:
        raise RefusedError(
            f"a file stands where a directory has to be: {blocked[0].removesuffix('~' + OURS)}",
            "move it away with `git mv`",
        )


def _conflict(path: str, stages: Mapping[int, Blob], messages: Messages) -> Conflict:
    about = [(kind, text) for kind, paths, text in messages if path in paths and "CONFLICT" in kind]
    kind, text = about[0] if about else ("", "")
    words = {
        "CONFLICT (contents)": "you and the template changed the same lines",
        "CONFLICT (binary)": "it is binary; yours stays in place",
    }
    if kind == "CONFLICT (contents)" and 1 not in stages:
        return Conflict(path, stages, "you and the template added it, with different contents")
    return Conflict(path, stages, words.get(kind, text))
