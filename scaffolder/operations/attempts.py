"""Failed attempts: changes that did not pass their verification, kept aside to be looked at.

Below `.git/viscaffold/failed/`, the newest few, each in a directory that is called by its time:

    tree/               the service as the change would have made it, to start and test by hand
    change.patch        the same as a patch, for `git apply`
    log                 all that was written during the verification
    verification.json   what each step expected and found, as an in-toto statement
"""

import json
import shlex
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine import git
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.journal import Journal
from scaffolder.errors import RefusedError
from scaffolder.text import as_json
from scaffolder.verify import checkout, statement
from scaffolder.verify.outcome import Verification

from .service import root

KEPT = 3
"""How many are kept: each is as large as the service."""

STATEMENT = "verification.json"
NAME = "%Y%m%d-%H%M%S-%f"


@dataclass(frozen=True)
class Attempt:
    """A change whose result failed."""

    store: Git
    """Has the objects of the tree."""
    verification: Verification
    patch: bytes


def keep(repository: Repository, attempt: Attempt) -> Path:
    """Keep an attempt, and forget the oldest beyond those that are kept; return where it is."""
    home = _home(repository)
    home.mkdir(parents=True, exist_ok=True)
    place = home / attempt.verification.began.strftime(NAME)
    with temporary.beside(place) as draft:
        _write(draft / place.name, attempt)
        (draft / place.name).rename(place)
    for old in _kept(home)[:-KEPT]:
        Journal(repository).discard(old)
    return place


@dataclass(frozen=True)
class Kept:
    """An attempt that is kept, and what its verification saw."""

    place: Path
    verification: Verification


def last(service: Path) -> Kept:
    """Return the newest attempt on the service around `service`; raise RefusedError without one."""
    found = git.repository(root(service))
    places = _kept(_home(found)) if found else []
    if not places:
        raise RefusedError(
            "no change failed its verification here", "viscaffold verify, to verify what is staged"
        )
    return _read(places[-1])


def _home(repository: Repository) -> Path:
    journal = Journal(repository)
    journal.require_own()
    return journal.failed


def _kept(home: Path) -> list[Path]:
    """Return the attempts, oldest first."""
    return sorted(path for path in home.glob("[0-9]*") if path.is_dir())


def _write(place: Path, attempt: Attempt) -> None:
    found = attempt.verification
    place.mkdir(mode=0o700)  # the service may hold files that are for the user's eyes only
    (place / "tree").mkdir()
    checkout.export(attempt.store, found.tree, place / "tree")
    (place / "change.patch").write_bytes(attempt.patch)
    document = as_json(statement.statement(found)) + "\n"
    (place / STATEMENT).write_text(document, encoding="utf-8")
    with suppress(FileNotFoundError):  # as many logs are kept, but others may verify meanwhile
        shutil.copyfile(found.log, place / "log")


def _read(place: Path) -> Kept:
    try:
        found = statement.verification(json.loads((place / STATEMENT).read_bytes()))
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"{place} is not as it was kept: {error}", f"remove it: rm -r {shlex.quote(str(place))}"
        ) from error
    return Kept(place, replace(found, log=str(place / "log"), known=True))
