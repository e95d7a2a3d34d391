"""Copies of overlays by their content, in the user's cache: a known one needs no network."""

import shutil
from contextlib import suppress
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine.trees import Tree, read_tree, write_files
from scaffolder.overlays.format import files
from scaffolder.paths import cache

FORMAT = "1"
"""Goes up when what is checked of an overlay grows: copies are checked once, when they are made."""


_intact: set[Path] = set()
"""Copies that this process has read or made."""


def get(digest: str) -> Tree | None:
    """Return the overlay with this content, or None if there is no intact copy."""
    place = _place(digest)
    _intact.discard(place)
    if not place.is_dir():
        return None
    tree = read_tree(place)
    if files.digest(tree) != digest:
        return None
    _intact.add(place)
    return tree


def put(tree: Tree) -> None:
    """Keep an overlay that was checked, and is trusted; where that fails, it is fetched again.

    None that is not trusted is kept: answers can name any content, and any source for it.
    """
    place = _place(files.digest(tree))
    if (place in _intact and place.is_dir()) or get(place.name) is not None:
        return
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with temporary.beside(place) as directory:
            new = directory / place.name
            write_files(tree, new)
            shutil.rmtree(place, ignore_errors=True)  # damaged
            new.rename(place)


def _place(digest: str) -> Path:
    return cache() / "overlays" / FORMAT / digest
