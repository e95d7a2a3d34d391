"""What is left of an operation's conflicts, and which of them the user has settled."""

import os
import re
from dataclasses import dataclass

from . import history
from .engine import index
from .engine.git import Repository
from .errors import RefusedError
from .history import Last
from .interrupts import uninterrupted

MARKERS = re.compile(rb"^(<{7}|>{7})( |$)", re.MULTILINE)


@dataclass(frozen=True)
class Settling:
    """Conflicts: those that can be staged as they are on disk, and those to be decided on."""

    settled: list[str]
    left: dict[str, tuple[str, str]]
    """Path → what is left, and what to do."""


def conflicted(repository: Repository) -> Last:
    """Return the last operation, if it left conflicts and is not committed; else refuse."""
    found = history.last(repository)
    if found is None or not found.record.conflicts:
        raise RefusedError(
            "no operation with conflicts is under way here",
            "viscaffold status; to take back the last operation: viscaffold undo",
        )
    return found


def look(repository: Repository, last: Last) -> Settling:
    """Tell the unmerged files without markers from those to be decided on."""
    settled, left = [], {}
    for path in index.unmerged(repository):
        on_disk = repository.top / repository.prefix / path
        if not _had_markers(repository, last, path):
            left[path] = ("not decided", "git add it to keep it as it is, git rm it to let it go")
        elif on_disk.is_symlink() or not on_disk.is_file():
            left[path] = (
                "no file any more",
                "git rm it, or git checkout --merge it to start again",
            )
        elif MARKERS.search(on_disk.read_bytes()):
            left[path] = ("still has conflict markers", "edit it between them")
        else:
            settled.append(path)
    return Settling(settled, left)


def _had_markers(repository: Repository, last: Last, path: str) -> bool:
    file = last.record.files.get(path)
    if file is None or file.after is None:
        return False
    # `git gc` may have taken it, for the index has no more than the sides: then the user decides.
    found = repository.git("cat-file", "blob", file.after.oid, expect=(0, 128))
    return bool(MARKERS.search(found.stdout))


def stage(repository: Repository, paths: list[str]) -> None:
    """Stage `paths` as they are on disk."""
    full = "".join(f"{repository.prefix}{path}\0" for path in paths)
    with uninterrupted() as interrupts:
        with index.rewritten(repository) as at:
            command = ("update-index", "-z", "--add", "--stdin")
            repository.git(*command, stdin=os.fsencode(full), env=at)
            interrupts.check()
        interrupts.finish()
