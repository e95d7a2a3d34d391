"""Manifests that a merge would leave broken, though no line of them conflicts.

A stage brings a dependency that the user has added, too: some manifests must not name one twice.
"""

from scaffolder.engine import references, trees
from scaffolder.engine.git import Repository
from scaffolder.engine.merge import Conflict, Merge
from scaffolder.engine.records import Record
from scaffolder.engine.trees import Tree

from . import locking
from .locking import Locking


def check(repository: Repository, merged: Merge, lock: Locking, base: Tree, theirs: Tree) -> Merge:
    """Return the merge, with a conflict if the manifest would not be valid any more."""
    path = lock.tools.manifest
    changed = any(change.path == path and change.new for change in merged.changes)
    if not changed or any(conflict.path == path for conflict in merged.conflicts):
        return merged
    blobs = {side: files[path].oid for side, files in _sides(merged).items() if path in files}
    found = trees.contents(merged.scratch, blobs.values())
    wrong = {side: lock.language.manifest_problem(found[oid]) for side, oid in blobs.items()}
    if wrong["after"] and not wrong.get("before"):
        stages = references.sides(repository, path, merged.before, base, theirs)
        merged.conflicts.append(Conflict(path, stages, wrong["after"], references.HINT))
    return merged


def staged_problem(
    repository: Repository, lock: Locking, record: Record
) -> dict[str, tuple[str, str]]:
    """Return the manifest, if it was in conflict and is not valid in the index, and what to do."""
    path = lock.tools.manifest
    staged = locking.held(repository, [path] if path in record.conflicts else [])
    wrong = lock.language.manifest_problem(staged[path]) if staged else ""
    return {path: (wrong, f"edit it, then git add {path}")} if wrong else {}


def _sides(merged: Merge) -> dict[str, dict[str, trees.Blob]]:
    return {"before": merged.before, "after": merged.after}
