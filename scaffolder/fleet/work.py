"""What is done with one repository; nothing of it goes wrong for another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scaffolder import operations
from scaffolder.engine.git import Repository
from scaffolder.errors import ScaffoldError
from scaffolder.interrupts import uninterrupted
from scaffolder.operations import ALWAYS, NEVER, Change, NotVerifiedError, TrustPolicy, gate
from scaffolder.operations.gate import Wanted
from scaffolder.overlays.fetch import remote
from scaffolder.text import printable_lines

from . import branches, checkout, message, repositories
from .outcome import Outcome
from .repositories import Place

UNTRUSTED = "that runs the code in it, which needs --trust"


@dataclass
class Made:
    """What is there, whatever fails afterwards."""

    branch: str = ""
    commit: str = ""
    path: str = ""

    def told(self, outcome: Outcome) -> Outcome:
        """Return the outcome with that."""
        return replace(outcome, branch=self.branch, commit=self.commit, path=self.path)


@dataclass(frozen=True)
class Job:
    """What is asked for, of one repository."""

    repository: str
    update: bool
    to: tuple[str, ...] = ()
    push: bool = False
    trusted: bool = False
    verify: Wanted = None

    @property
    def trust(self) -> TrustPolicy:
        """Return the policy: nobody is there to be asked."""
        return ALWAYS if self.trusted else NEVER


def done(job: Job) -> Outcome:
    """Do a job; whatever goes wrong becomes its outcome."""
    shown = repositories.shown(job.repository)
    made = Made()
    try:
        return replace(_done(job, made), repository=shown)
    except KeyboardInterrupt:
        reason = "before it was pushed" if made.branch else "nothing was changed"
        return made.told(Outcome(shown, "interrupted", reason=reason))
    except NotVerifiedError as error:
        reason, hint = printable_lines(error.message), printable_lines(error.hint)
        return Outcome(shown, "unverified", reason=reason, hint=hint)
    except ScaffoldError as error:
        reason, hint = printable_lines(error.message), printable_lines(error.hint)
    except OSError as error:
        reason, hint = printable_lines(f"{error.strerror}: {error.filename}"), ""
    except Exception as error:  # noqa: BLE001 - the others go on
        reason, hint = printable_lines(f"{type(error).__name__}: {error}"), ""
    return made.told(Outcome(shown, "failed", reason=reason, hint=hint))


def _done(job: Job, made: Made) -> Outcome:
    remote.remember()
    place = repositories.find(job.repository)
    services = repositories.services(place)
    with checkout.checked_out(place.repository, place.commit) as apart:
        roots = [apart.top / service for service in services]
        return _updated(job, place, apart, roots, made) if job.update else _status(job, roots)


def _status(job: Job, roots: list[Path]) -> Outcome:
    moves = [move for root in roots for move in _available(job, root)]
    return Outcome("", "behind" if moves else "current", list(dict.fromkeys(moves)))


def _available(job: Job, root: Path) -> list[str]:
    return operations.check(root, job.to, trust=job.trust).moves


def _updated(job: Job, place: Place, apart: Repository, roots: list[Path], made: Made) -> Outcome:
    changes: dict[str, Change] = {}
    conflicts: list[str] = []
    for root in roots:
        prefix = "" if root == apart.top else f"{root.relative_to(apart.top)}/"
        within = replace(apart, prefix=prefix)
        change = _change(job, root, within, replace(place.repository, prefix=prefix))
        checkout.require_filters(
            within, [entry["path"] for entry in [*change.files, *change.conflicts]]
        )
        if change.moves:
            changes[prefix] = change
        if change.conflicts:
            conflicts += [f"{prefix}{conflict['path']}" for conflict in change.conflicts]
            operations.abort(root, trust=job.trust, repository=within)
    moves = list(dict.fromkeys(move for change in changes.values() for move in change.moves))
    if conflicts:
        return Outcome("", "conflict", moves, conflicts=conflicts)
    if not moves:
        return Outcome("", "current")
    pushed = _committed(job, place, apart, changes, made)
    outcome = Outcome("", "updated", moves, pushed=pushed, notes=message.notes(changes))
    return made.told(replace(outcome, verifications=message.verifications(changes)))


def _change(job: Job, root: Path, within: Repository, home: Repository) -> Change:
    """Update one service; that the code of others runs here takes trust."""
    level = gate.level(job.verify)
    change = operations.update(
        root,
        job.to,
        verify=(job.trusted and level) or False,
        trust=job.trust,
        repository=within,
        home=home,
    )
    return replace(change, unverified=[UNTRUSTED]) if level and not job.trusted else change


def _committed(
    job: Job, place: Place, apart: Repository, changes: Mapping[str, Change], made: Made
) -> bool:
    """Commit what is staged, on a branch; tell whether the server has it."""
    targets = list(dict.fromkeys(to for change in changes.values() for to in change.targets))
    inside = [place.prefix.strip("/")] if place.prefix else []
    name = branches.name(["update", *targets, *inside])
    branch = branches.find(place, apart, name, push=job.push)
    text = message.message(targets, changes)
    with uninterrupted() as interrupts:  # so that it is known whether there is a branch
        commit = branches.made(place, apart, branch, text)
        made.branch, made.commit, made.path = name, commit, str(place.repository.top)
    interrupts.check()
    if job.push:
        branches.pushed(place, apart, branch, commit)
    return job.push or branch.server == commit
