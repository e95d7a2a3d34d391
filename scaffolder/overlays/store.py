"""Copies of overlays by their content, in the user's cache: a known one needs no network."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from scaffolder.engine.trees import Tree, read_tree

from . import files

FORMAT = "1"
"""Goes up when what is checked of an overlay grows: copies are checked once, when they are made."""


def directory(variable: str, default: str) -> Path:
    """Return viscaffold's directory of the kind that an XDG variable names."""
    base = os.environ.get(variable, "")
    home = Path(base) if base.startswith("/") else Path.home() / default
    return home / "viscaffold"


def cache() -> Path:
    """Return the directory of what can be fetched or made again."""
    return directory("XDG_CACHE_HOME", ".cache")


def get(digest: str) -> Tree | None:
    """Return the overlay with this content, or None if there is no intact copy."""
    place = _place(digest)
    if not place.is_dir():
        return None
    tree = read_tree(place)
    return tree if files.digest(tree) == digest else None


def put(tree: Tree) -> None:
    """Keep an overlay that was checked, and is trusted; where that fails, it is fetched again.

    None that is not trusted is kept: answers can name any content, and any source for it.
    """
    place = _place(files.digest(tree))
    if get(place.name) is not None:
        return
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
        try:
            write(tree, new)
            shutil.rmtree(place, ignore_errors=True)  # damaged
            new.rename(place)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def write(tree: Tree, root: Path) -> None:
    """Write the files of a tree below `root`."""
    for path, (mode, content) in tree.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if mode == "100755":
            file.chmod(0o755)


def _place(digest: str) -> Path:
    return cache() / "overlays" / FORMAT / digest
