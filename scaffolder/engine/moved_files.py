"""Files that the template moved: what the user changed in them follows.

Git recognizes a moved file by how much of it is the same, and a template may rewrite what it moves.
So the template says what went where (`template/moved.yml`), and the merge runs as if each of these
files had stood at its new path before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import moves, trees
from .git import Git
from .merge import GOES, Conflict, Merge
from .trees import Overlay, Tree

Blobs = Mapping[str, trees.Blob]

FILES = ("100644", "100755")
"""Modes of what can be merged at another path; a link would lead elsewhere from there."""

Moved = Mapping[str, Sequence[str]]
"""Path in an earlier version → where its content is now: several paths where it was split."""


@dataclass(frozen=True)
class Placed:
    """The base and the user's side of a merge, with files at their new paths."""

    base: Tree
    ours: str
    mine: Blobs
    moved: Moved
    """Where the content of each old path is now."""
    carried: list[str] = field(default_factory=list)
    """Old paths of the service's files that are at their new ones."""
    conflicts: list[Conflict] = field(default_factory=list)
    """Files that the user moved elsewhere."""

    def restored(self, merged: Merge, ours: str) -> Merge:
        """Return the merge as one into the tree `ours`, which has the old paths."""
        conflicts = [self._explained(found) for found in merged.conflicts] + self.conflicts
        changes = merged.changes
        if self.ours != ours:
            changes = trees.changes(merged.scratch, ours, merged.result)
        return replace(merged, ours=ours, changes=changes, conflicts=conflicts)

    def _explained(self, conflict: Conflict) -> Conflict:
        """Say of a file that would go where its content is now."""
        if conflict.path not in self.moved or conflict.reason != GOES:
            return conflict
        return replace(conflict, reason=f"{GOES}; {_now(self.moved[conflict.path])}")


def carry(git: Git, base: Tree, mine: Blobs, ours: str, *, theirs: Tree, moved: Moved) -> Placed:  # noqa: PLR0913 - the sides of a merge
    """Move files of `base` and of the service, the tree `ours`, to where `theirs` has them.

    Those are files with one successor. What was split or joined stays where it is, and is a
    conflict if the user changed it; so is a file that the user moved on its own.
    """
    found = _resolved(moved, base, theirs)
    before, after, places = dict(base), dict(mine), dict(found)
    carried, conflicts = [], []
    for old, (place, target) in _places(git, base, mine, ours, _pairs(found, base)).items():
        if place and not target:
            del before[old]
            conflicts.append(_moved_by_user(place, mine, found[old]))
        elif place and (mine[place].mode not in FILES or target in mine):
            continue
        else:  # a file that the user deleted stays so
            before[target] = before.pop(old)
        if place and target:
            after[target] = after.pop(place)
            carried.append(place)
            places[place] = [target]
    changed = {path: after.get(path) for path in mine.keys() ^ after.keys()}
    tree = trees.write_tree(git, Overlay(ours, changed)) if changed else ours
    return Placed(before, tree, after, places, carried, conflicts)


def _places(
    git: Git, base: Tree, mine: Blobs, ours: str, pairs: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return where the service has each file of `pairs`, and where that is to be.

    The first is empty for a file that the user deleted, the second for one moved on its own.
    """
    lost = not pairs.keys() <= mine.keys()
    renames = moves.renames(git, trees.write_tree(git, base), ours) if lost else {}
    homes = moves.directories(renames)
    found = {}
    for old, new in pairs.items():
        place = old if old in mine else renames.get(old, "")
        if place in (old, new, ""):  # the user may have moved it to its new path already
            found[old] = (place if place == old else "", new)
        else:
            along = place == moves.along(old, homes)
            found[old] = (place, moves.along(new, homes) if along else "")
    return found


def _moved_by_user(place: str, mine: Blobs, successors: Sequence[str]) -> Conflict:
    reason = f"it would go, but you moved it here; {_now(successors)}"
    stages = {1: mine[place], 2: mine[place]}
    return Conflict(place, stages, reason, "copy what you need to its new place, then git rm it")


def _now(paths: Sequence[str]) -> str:
    return f"it is in {' and '.join(paths)} now"


def _resolved(moved: Moved, base: Tree, theirs: Tree) -> dict[str, list[str]]:
    """Return where the files of `base` that are not in `theirs` are in it, over several moves."""
    gone = sorted(moved.keys() & base.keys() - theirs.keys())
    found = {old: _ends(moved, old, theirs) for old in gone}
    return {old: ends for old, ends in found.items() if ends}


def _ends(moved: Moved, old: str, theirs: Tree) -> list[str]:
    """Return the paths in `theirs` that the moves lead to from `old`; they may go in a circle."""
    seen, waiting = {old}, [old]
    for path in waiting:
        coming = [name for name in moved.get(path, ()) if name not in seen]
        waiting += coming if path not in theirs else []
        seen.update(coming)
    return [path for path in waiting if path in theirs]


def _pairs(moved: Moved, base: Tree) -> dict[str, str]:
    """Return the moves from one path to one that is new."""
    targets = [path for paths in moved.values() for path in paths]
    return {
        old: paths[0]
        for old, paths in moved.items()
        if len(paths) == 1 and paths[0] not in base and targets.count(paths[0]) == 1
    }
