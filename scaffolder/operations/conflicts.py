"""What is left of an operation's conflicts, and which of them the user has resolved."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from scaffolder import names
from scaffolder.engine import index, references, trees
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError
from scaffolder.interrupts import uninterrupted
from scaffolder.languages.all import is_code
from scaffolder.templates import moved

from .log import Last, last_operation
from .service import Service

MARKERS = re.compile(rb"^(<{7}|>{7})( |$)", re.MULTILINE)


@dataclass(frozen=True)
class Resolution:
    """Conflicts: those that can be staged as they are on disk, and those to be decided on."""

    resolved: list[str]
    left: dict[str, tuple[str, str]]
    """Path → what is left, and what to do."""


def conflicted(repository: Repository) -> Last:
    """Return the last operation, if it left conflicts and is not committed; else refuse."""
    found = last_operation(repository)
    if found is None or not found.record.conflicts:
        raise RefusedError(
            "no operation with conflicts is under way here",
            "viscaffold status; to take back the last operation: viscaffold undo",
        )
    return found


def look(service: Service, repository: Repository, last: Last) -> Resolution:
    """Tell the unmerged files without markers from those to be decided on."""
    missing = _missing(service, last)
    resolved, left = [], {}
    for path, sides in _sides(repository, last).items():
        on_disk = repository.directory / path
        if not (MARKERS.search(sides.merged or b"") or _is_about_code(path, sides, missing)):
            left[path] = (
                "not decided",
                "git add it to keep it as it is, or git rm it to delete it",
            )
        elif on_disk.is_symlink() or not on_disk.is_file():
            left[path] = (
                "no file any more",
                "git rm it, or git checkout --merge it to start again",
            )
        elif MARKERS.search(now := on_disk.read_bytes()):
            left[path] = ("still has conflict markers", "edit it between them")
        elif wrong := _broken(path, sides, now, missing):
            left[path] = (wrong, references.HINT)
        else:
            resolved.append(path)
    return Resolution(resolved, left)


@dataclass(frozen=True)
class _Sides:
    """What a conflicting file was."""

    mine: bytes | None
    """The user's side of it; None unless there are three."""
    merged: bytes | None
    """What it was merged to; None if that is gone.

    `git gc` may have taken it, for the index has no more than the sides: then the user decides."""


def _sides(repository: Repository, last: Last) -> dict[str, _Sides]:
    """Return what all conflicting files were."""
    paths = index.unmerged(repository)
    stages = index.entries(repository, [repository.prefix + path for path in paths])
    mine, merged = {}, {}
    for path in paths:
        found, file = stages[repository.prefix + path], last.record.files.get(path)
        if found.keys() == {1, 2, 3}:
            mine[path] = found[2].oid
        if file and file.after:
            merged[path] = file.after.oid
    held = trees.present(repository.git, [*mine.values(), *merged.values()])
    return {
        path: _Sides(held.get(mine.get(path, "")), held.get(merged.get(path, ""))) for path in paths
    }


def _is_about_code(path: str, sides: _Sides, missing: Mapping[str, str]) -> bool:
    """Tell if a conflict without markers is about code that refers to what is gone.

    Others without markers are about a file that would go, or that is not merged line by line:
    there, yours stays in place.
    """
    if not is_code(path) or sides.mine is None or sides.merged is None:
        return False
    wrong = references.broken(path, sides.mine, sides.merged, missing)
    return sides.merged != sides.mine or bool(wrong)


def _broken(path: str, sides: _Sides, now: bytes, missing: Mapping[str, str]) -> str:
    """Return what is wrong with code that is `now` on disk, if the operation has made it so."""
    if sides.mine is None or not is_code(path):
        return ""
    wrong = ", ".join(references.broken(path, sides.mine, now, missing).values())
    return wrong or ("it is as the merge left it" if now == sides.merged else "")


def _missing(service: Service, last: Last) -> dict[str, str]:
    """Return the modules that the operation took away, and what became of each."""
    files = last.record.files
    return references.gone(
        (name for name, file in files.items() if file.before and not file.after),
        (name for name, file in files.items() if file.after),
        moved.load(service.template.root, names.package(service.answers["name"])),
    )


def stage(repository: Repository, paths: list[str]) -> None:
    """Stage `paths` as they are on disk."""
    full = "".join(f"{repository.prefix}{path}\0" for path in paths)
    with uninterrupted() as interrupts:
        with index.rewritten(repository) as at:
            command = ("update-index", "-z", "--add", "--stdin")
            repository.git(*command, stdin=os.fsencode(full), env=at)
            interrupts.check()
        interrupts.finish()
