"""What verifications saw, kept below `.git/viscaffold/evidence/`: a file for each tree and level.

It is in the directory that all work trees share, and `git gc` leaves it alone. A clone has none:
what another machine saw is no evidence here. As it is kept by tree, writing it never changes what
it attests, and a commit that leaves the service as it was needs no other.
"""

import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scaffolder.engine.git import Repository
from scaffolder.engine.records import OID
from scaffolder.errors import RefusedError
from scaffolder.reporting import SILENT, Reporter

from . import places, statement
from .outcome import Level, Result, Verification, up_to

NAME = "evidence"

MOST = 500
"""How many are kept; the oldest go first."""

DRAFT_SECONDS = 3600
"""After which nobody is writing a draft any more."""

MOST_BYTES = 4 * 1024 * 1024


def keep(repository: Repository, verification: Verification) -> Path:
    """Keep what a verification saw, instead of what an earlier one of that tree and level did.

    A level that passed on the way is kept as its own: where Docker is missing, what works on this
    machine is known. Raise RefusedError if the place for it is a link.
    """
    if verification.within:
        keep(repository, verification.within)
    home = places.own(places.home(repository), NAME)
    place = home / _name(verification.tree, verification.level)
    draft = home / f".{place.name}.{secrets.token_hex(4)}"
    kept = statement.statement(verification)
    kept["predicate"][statement.EXTENSION]["log"] = verification.log  # it is on this machine alone
    document = json.dumps(kept, indent=2, allow_nan=False)
    try:
        draft.write_text(f"{document}\n", encoding="utf-8")
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _prune(home)
    return place


def of(repository: Repository, tree: str, report: Reporter = SILENT) -> list[Verification]:
    """Return what is kept of a tree, one verification for each level.

    Files that viscaffold did not write like that do not count; `report` hears of them.
    """
    names = {level: _name(tree, level) for level in Level}
    found = []
    try:
        home = _home(repository)
    except RefusedError as error:
        report.note(f"No evidence counts: {error.message}.\n  Try: {error.hint}")
        return []
    for level, name in names.items():
        try:
            found.append(_read(home / name, tree, level))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            report.note(
                f"The evidence in {home / name} does not count: {why}.\n"
                "  To make it anew: viscaffold verify --again"
            )
    return found


def trees(repository: Repository) -> set[str]:
    """Return the trees of which something is kept."""
    try:
        return {place.name.partition(".")[0] for place in _home(repository).glob("*.json")}
    except RefusedError:
        return set()


def passed(kept: list[Verification], level: Level) -> Verification | None:
    """Return what passed at a level, or at a more thorough one."""
    order = list(Level)
    enough = order[order.index(level) :]
    found = (one for one in kept if one.result is Result.PASSED and one.level in enough)
    return next(found, None)


def decided(kept: list[Verification], level: Level) -> Verification | None:
    """Return what decides on a tree at a level: it failed there or before, or it passed."""
    least = up_to(level)
    failed = [one for one in kept if one.result is Result.FAILED and one.level in least]
    return next(iter(failed), None) or passed(kept, level)


def best(kept: list[Verification]) -> Verification | None:
    """Return what decides on a tree: one that failed or, of those that did not, the most thorough.

    What only warned, because something was missing, decides nothing.
    """
    failed = [one for one in kept if one.result is Result.FAILED]
    passed = [one for one in kept if one.result is Result.PASSED]
    return next(iter([*failed, *reversed(passed)]), None)


def is_verified(kept: list[Verification]) -> bool:
    """Tell whether a tree is known to work: it passed, and at no level it failed."""
    found = best(kept)
    return found is not None and found.result is Result.PASSED


def _home(repository: Repository) -> Path:
    """Return the directory of the evidence; raise RefusedError if it is elsewhere."""
    return places.there(places.home(repository), NAME)


def _name(tree: str, level: Level) -> str:
    if not OID.fullmatch(tree):  # it becomes a part of a path
        raise ValueError(f"{tree!r} is no name of a tree")
    return f"{tree}.{level}.json"


def _read(place: Path, tree: str, level: Level) -> Verification:
    """Read a file; raise OSError or ValueError, with the reason, for what is no evidence of it."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, so that it is no link
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    found = statement.verification(json.loads(content))
    if (found.tree, found.level) != (tree, level):
        raise ValueError("it is of another tree")
    return found


def _prune(home: Path) -> None:
    """Remove the oldest beyond those that are kept, and drafts of processes that were killed."""
    now = time.time()
    drafts = [place for age, place in _ages(home, ".*") if now - age > DRAFT_SECONDS]
    oldest = [place for _, place in sorted(_ages(home, "*.json"))[:-MOST]]
    for place in (*drafts, *oldest):
        with suppress(OSError):
            place.unlink()


def _ages(home: Path, pattern: str) -> Iterator[tuple[float, Path]]:
    for place in home.glob(pattern):
        with suppress(FileNotFoundError):  # another process prunes, too
            yield place.lstat().st_mtime, place
