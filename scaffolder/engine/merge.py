"""Three-way merge of trees with git.

`base` is what both sides started from, `theirs` what is to come, `ours` what the service has.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from scaffolder.errors import RefusedError

from . import index, trees
from .git import Git
from .trees import Blob, Change, Overlay, Tree

GOES = "it would go, but you changed it"

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
    """The result of a merge: from the tree `ours` to the tree `result`, through `changes`."""

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

    @cached_property
    def before(self) -> dict[str, Blob]:
        """Return the files of the tree `ours`."""
        return trees.list_tree(self.scratch, self.ours)

    @cached_property
    def after(self) -> dict[str, Blob]:
        """Return the files of the tree `result`."""
        return trees.list_tree(self.scratch, self.result)

    def diff(self, *, color: bool = False) -> bytes:
        """Return the difference as a patch that `git apply` takes."""
        flag = "--color=always" if color else "--color=never"
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


def with_files(merged: Merge, files: Mapping[str, Blob | tuple[str, bytes] | None]) -> Merge:
    """Return the merge with other files in its result."""
    result = trees.write_tree(merged.scratch, Overlay(merged.result, files))
    return replace(
        merged, result=result, changes=trees.changes(merged.scratch, merged.ours, result)
    )


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
    """Raise RefusedError if one side has a file where the other has a directory.

    Git would record the file beside it, under a name of its own making.
    """
    blocked = [paths[-1] for kind, paths, _ in messages if kind == "CONFLICT (file/directory)"]
    if not blocked:
        return
    path = blocked[0]
    here = git.line("ls-tree", ours, "--", path).partition(" ")[0]
    if here == "040000":
        raise RefusedError(
            f"a directory stands where a file has to be: {path}", "move it away with `git mv`"
        )
    raise RefusedError(
        f"a {'submodule' if here == '160000' else 'file'} stands where a directory has to be: "
        f"{path}",
        "move it away with `git mv`",
    )


def _conflict(path: str, stages: Mapping[int, Blob], messages: Messages) -> Conflict:
    about = [(kind, text) for kind, paths, text in messages if path in paths and "CONFLICT" in kind]
    kind, text = about[0] if about else ("", "")
    edit = "edit it between its markers, then git add it"
    keep = "git add it to keep it, or git rm it to delete it"
    words = {
        "CONFLICT (contents)": ("you and the template changed the same lines", edit),
        "CONFLICT (binary)": (
            "it is binary; yours stays in place",
            "git add it to keep it, or first git checkout --theirs it",
        ),
        "CONFLICT (modify/delete)": (GOES, keep),
        "CONFLICT (rename/delete)": ("it would go, but you moved it here", keep),
    }
    if kind == "CONFLICT (contents)" and 1 not in stages:
        return Conflict(
            path, stages, "you and the template added it, with different contents", edit
        )
    return Conflict(path, stages, *words.get(kind, (text, keep)))
