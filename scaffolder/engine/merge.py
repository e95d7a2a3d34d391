"""Three-way merge of trees with git.

`base` is what both sides started from, `theirs` what is to come, `ours` what the service has.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffolder.errors import RefusedError

from . import ANSWERS_FILE, attributes, index, moves, trees
from .git import Git, Repository
from .trees import Blob, Change, Overlay, Tree

OURS = "yours"
"""How conflict markers call the user's side."""


@dataclass(frozen=True)
class Conflict:
    """A path that the user has to decide on: its index stages (1 base, 2 ours, 3 theirs)."""

    path: str
    stages: Mapping[int, Blob]
    reason: str
    hint: str = ""


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

    def diff(self, *, colour: bool = False) -> bytes:
        """Return the difference as a patch that `git apply` takes."""
        flag = "--color=always" if colour else "--color=never"
        command = ("diff-tree", "-r", "-p", "--binary", flag, self.ours, self.result)
        return self.scratch(*command).stdout


def merge(git: Git, base: Tree | Overlay, ours: str, theirs: Tree | Overlay, label: str) -> Merge:
    """Merge in the scratch repository `git`; `label` is how conflict markers call their side.

    Raise RefusedError if a file stands where a directory has to be.
    """
    trees.write_commits(git, base, {OURS: Overlay(ours), label: theirs})
    command = ["merge-tree", "--write-tree", "-z", "--messages", OURS, label]
    fields = os.fsdecode(git(*command, expect=(0, 1)).stdout).split("\0")
    result, stages, messages = _parse(fields)
    _refuse_blocked(git, ours, messages)
    deleted = [path for path, found in stages.items() if found.keys() == {1, 3}]
    result = index.without(git, result, deleted)
    return Merge(
        git,
        ours,
        result,
        trees.changes(git, ours, result),
        [_conflict(p, found, messages) for p, found in stages.items() if p not in deleted],
        deleted,
    )


def merge_renders(git: Git, repository: Repository, base: Tree, theirs: Tree, label: str) -> Merge:
    """Merge what the template changed, from `base` to `theirs`, into the index of the service."""
    index.copied(git, repository, index.SEEN)
    ours = index.write_tree(git, repository, index.copied(git, repository, "ours"))
    mine = trees.list_tree(git, ours)
    changed = [path for path in base.keys() | theirs.keys() if base.get(path) != theirs.get(path)]
    found = attributes.look_up(repository, changed)
    base = attributes.converted(git, repository, base, found)
    theirs = attributes.converted(git, repository, theirs, found)
    attributes.use(git, repository, found)
    base, theirs = _like_ours(git, repository, mine, base, theirs)
    theirs, notes = moves.follow(git, base, mine, ours, theirs)
    merged = merge(git, base, ours, theirs, label)
    merged.notes.extend(notes)
    return merged


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


def _refuse_blocked(git: Git, ours: str, messages: Messages) -> None:
    blocked = [paths[0] for kind, paths, _ in messages if kind == "CONFLICT (file/directory)"]
    if blocked:
        path = blocked[0].removesuffix("~" + OURS)
        submodule = git.line("ls-tree", ours, "--", path).startswith("160000")
        raise RefusedError(
            f"a {'submodule' if submodule else 'file'} stands where a directory has to be: {path}",
            "move it away with `git mv`",
        )


def _conflict(path: str, stages: Mapping[int, Blob], messages: Messages) -> Conflict:
    about = [(kind, text) for kind, paths, text in messages if path in paths and "CONFLICT" in kind]
    kind, text = about[0] if about else ("", "")
    edit = "edit it between its markers, then git add it"
    keep = "git add it to keep it, or git rm it to let it go"
    words = {
        "CONFLICT (contents)": ("you and the template changed the same lines", edit),
        "CONFLICT (binary)": (
            "it is binary; yours stays in place",
            "git add it to keep it, or first git checkout --theirs it",
        ),
        "CONFLICT (modify/delete)": ("it would go, but you changed it", keep),
    }
    if kind == "CONFLICT (contents)" and 1 not in stages:
        return Conflict(
            path, stages, "you and the template added it, with different contents", edit
        )
    return Conflict(path, stages, *words.get(kind, (text, keep)))
