"""Where a service can be made: in a new directory, an empty one, or one that was just set up."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError
from scaffolder.languages.all import LANGUAGES
from scaffolder.placing import HINT, is_there
from scaffolder.regular_files import is_regular
from scaffolder.text import listed, printable

SET_UP = re.compile(r"\..*|[A-Z]+([-_.][A-Za-z]+)*")
"""Names of what forges, editors and people put into a directory before there is a program: hidden
files and documents, which are written in capitals: README.md, LICENSE."""

KEPT = re.compile(r"[A-Z]+([-_.][A-Za-z]+)*|\.(gitignore|gitattributes|editorconfig)")
"""Those that may stay instead of the template's: the service works with them."""


def require_room(target: Path) -> None:
    """Raise RefusedError unless `target` is free, but for files that are usual there."""
    if not is_there(target):
        return
    there = sorted(path.name for path in target.iterdir())
    if ANSWERS_FILE in there:
        raise RefusedError(f"{printable(str(target))} is a service already", "viscaffold status")
    others = [name for name in there if not _is_usual(name)]
    if others:
        raise RefusedError(
            f"{printable(str(target))} exists and is not empty; it has:\n{listed(others)}", HINT
        )


def _is_usual(name: str) -> bool:
    return bool(SET_UP.fullmatch(name)) or any(name in known.LOCAL for known in LANGUAGES.values())


def kept(paths: Iterable[str], target: Path) -> list[str]:
    """Return the paths of a service where the user has a file that stays.

    Raise RefusedError for those where something else is in the way.
    """
    there = [path for path in sorted(paths) if _is_taken(target, path)]
    blocked = [path for path in there if not _may_stay(target / path)]
    if blocked:
        raise RefusedError(
            f"{printable(str(target))} has these in the way of the service's own files:\n"
            f"{listed(blocked)}",
            "move it away",
        )
    return there


def keep(paths: Iterable[str], target: Path, tree: Path) -> None:
    """Put the user's files that stay into a rendered tree, in the place of its own."""
    for path in paths:
        shutil.copyfile(target / path, tree / path)


def _is_taken(target: Path, path: str) -> bool:
    """Tell whether something is where a file goes, or where a directory above it goes."""
    place = target / path
    between = place.parents[: len(Path(path).parts) - 1]
    blocked = any(p.is_symlink() or (p.exists() and not p.is_dir()) for p in between)
    return blocked or os.path.lexists(place)


def _may_stay(place: Path) -> bool:
    return bool(KEPT.fullmatch(place.name)) and is_regular(place)
