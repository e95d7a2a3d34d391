"""Merge what a template changed, from one render to another, into a service."""

from collections.abc import Mapping

from . import (
    ANSWERS_FILE,
    answers,
    attributes,
    endings,
    index,
    moved_files,
    moves,
    references,
    trees,
)
from . import merge as merging
from .attributes import Attributes
from .git import Git, Repository
from .merge import Merge
from .moved_files import Moved
from .trees import Blob, Tree

NO_TEXT = ("unset", "binary")
"""Values of the attribute `merge` for files that are not merged line by line."""


def merge(  # noqa: PLR0913 - what is merged, where, and how it is called
    git: Git, repository: Repository, base: Tree, theirs: Tree, *, label: str, moved: Moved
) -> Merge:
    """Merge what the template changed, from `base` to `theirs`, into the index of the service.

    `moved` says where the template moved files.
    """
    index.copied(git, repository, index.SEEN)
    ours = index.write_tree(git, repository, index.copied(git, repository, "ours"))
    mine = trees.list_tree(git, ours)
    changed = [path for path in base.keys() | theirs.keys() if base.get(path) != theirs.get(path)]
    found = attributes.look_up(repository, changed)
    base = attributes.converted(git, repository, base, found)
    theirs = attributes.converted(git, repository, theirs, found)
    attributes.use(git, repository, found)
    placed = moved_files.carry(git, base, mine, ours, theirs=theirs, moved=moved)
    base, theirs, wanted = _like_ours(git, placed.mine, placed.base, theirs, found)
    theirs, notes = moves.follow(git, base, placed.mine, placed.ours, theirs)
    merged = _with_endings(merging.merge(git, base, placed.ours, theirs, label), wanted)
    merged.notes.extend(notes)
    merged = references.check(repository, merged, base, theirs, placed)
    return placed.restored(merged, ours)


def put(git: Git, repository: Repository, files: Mapping[str, tuple[str, bytes] | None]) -> Merge:
    """Put files into the tree of the index as they are; None takes one away."""
    index.copied(git, repository, index.SEEN)
    ours = index.write_tree(git, repository, index.copied(git, repository, "ours"))
    return merging.with_files(Merge(git, ours, ours, []), files)


def _like_ours(
    git: Git, mine: Mapping[str, Blob], base: Tree, theirs: Tree, about: Attributes
) -> tuple[Tree, Tree, dict[str, bytes]]:
    """Fit both renders to the service: the answers file, and the line endings of its files.

    Return also the line endings that files are to have in the result, where those are others.
    """
    base, theirs = dict(base), dict(theirs)
    paths = [path for path in base.keys() & mine.keys() if base[path] != theirs.get(path)]
    found = trees.contents(git, [mine[path].oid for path in paths])
    wanted: dict[str, bytes] = {}
    for path in paths:
        own = found[mine[path].oid]
        if path == ANSWERS_FILE:
            theirs[path] = (mine[path].mode, answers.fit(own, base[path][1], theirs[path][1]))
            base[path] = (mine[path].mode, own)
        elif own != base[path][1] and about.get(path, {}).get("merge") not in NO_TEXT:
            coming = theirs.get(path, base[path])
            before, after, ending = endings.fit(own, base[path][1], coming[1])
            base[path] = (base[path][0], before)
            if path in theirs:
                theirs[path] = (coming[0], after)
                wanted |= {path: ending} if ending else {}
    return base, theirs, wanted


def _with_endings(merged: Merge, wanted: Mapping[str, bytes]) -> Merge:
    """Give files of the result other line endings."""
    if not wanted:
        return merged
    blobs = {path: merged.after[path] for path in wanted if path in merged.after}
    found = trees.contents(merged.scratch, [blob.oid for blob in blobs.values()])
    files = {p: (b.mode, endings.converted(found[b.oid], wanted[p])) for p, b in blobs.items()}
    return merging.with_files(merged, files)
