"""The gate of operations: what a change would lead to is verified before any of it is written.

So a change that fails leaves nothing to take back.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

from scaffolder.engine.git import GitError, Repository
from scaffolder.errors import ExitCode, RefusedError, ScaffoldError
from scaffolder.overlays.fetch import preferences
from scaffolder.reporting import Reporter
from scaffolder.text import command, listed
from scaffolder.verify.outcome import Level, Outcome, Result, Verification
from scaffolder.verify.subject import SETTINGS

from . import attempts, change, proof
from .attempts import Attempt
from .change import Change
from .plan import Operation, Step, planned
from .service import Service

Wanted = Level | Literal[False] | None
"""How far to verify: a level, or not at all; None as the user prefers."""

CONFLICTS = "it has conflicts; when they are resolved: viscaffold verify"
ANYWAY = "to write it all the same: the same command with --no-verify"
HINT = f"viscaffold verify, to see whether it works without the change; {ANYWAY}"
FIRST = f"{SETTINGS}, with NAME=value of what it needs to start, committed; {ANYWAY}"
"""For a service that can be verified for the first time."""


MANY = 2
"""From how many stages on there is a question which is to blame."""


class NotVerifiedError(ScaffoldError):
    """What a change would lead to fails its verification. Exit code 4, nothing was changed."""

    exit_code: ClassVar[int] = ExitCode.NOT_VERIFIED

    def __init__(self, change: Change, failed: Outcome) -> None:
        """Say which step failed, what it expected and found, and where the attempt is kept."""
        super().__init__(_words(change, failed), _hint(change))
        self.change = change
        """As it would have been, with the verification that failed."""
        self.failed = failed


def _hint(change: Change) -> str:
    """Return what to type next; of several stages, it can be found out which is to blame."""
    if change.operation == "adopt":
        return FIRST
    _, *names = change.title.split()
    if len(names) < MANY or not {*names} <= {*change.added}:
        return HINT
    stages = (word for name in names for word in ("--stage", name))
    return f"{HINT}; to find out which stage it is: {command('viscaffold', 'bisect', *stages)}"


def _words(change: Change, failed: Outcome) -> str:
    lines = [f"{change.title} would break the service, so nothing was changed"]
    lines += [f"  step: {failed.step}"]
    lines += [f"  expected: {failed.expected}"] if failed.expected else []
    lines += [f"  found: {failed.found}"] if failed.found else []
    lines += ["  log:", *(f"    {line}" for line in failed.log)] if failed.log else []
    return "\n".join([*lines, f"What was tried is in {change.attempt}, with the whole log."])


@dataclass(frozen=True)
class How:
    """How an operation is carried out."""

    dry_run: bool
    verify: Wanted
    report: Reporter
    home: Repository | None = None
    """Keeps what verifications saw and need, where that is not the service's own repository."""


def carried_out(
    service: Service, repository: Repository, operation: Operation, label: str, how: How
) -> Change:
    """Plan an operation, verify what it leads to, and write it.

    What has conflicts, or is only planned, is not verified. Raise NotVerifiedError if the
    verification fails; otherwise as `planned` and `change.carried_out`.
    """
    wanted = None if how.dry_run else level(how.verify)
    with (
        how.report.progress(label),
        planned(service, repository, operation, dry_run=how.dry_run) as step,
    ):
        carry_out = partial(_carried_out, service, repository, operation, step)
        if not wanted:
            return carry_out(dry_run=how.dry_run)
        if step.merge.conflicts:
            return replace(carry_out(dry_run=False), unverified=[CONFLICTS])
        result = replace(service, template=operation.template, answers={**operation.answers})
        home, merge = how.home or repository, step.merge
        try:
            seen = proof.of_tree(
                result, merge.scratch, merge.result, wanted, home=home, report=how.report
            )
        except GitError as error:  # a partial clone: what is not written need not be there
            return replace(carry_out(dry_run=False), unverified=[error.message])
        if seen.failed:
            kept = attempts.keep(home, Attempt(merge.scratch, seen, merge.diff()))
            tried = replace(carry_out(dry_run=True), verification=seen, attempt=str(kept))
            raise NotVerifiedError(tried, seen.failed)
        return replace(carry_out(dry_run=False), verification=seen, unverified=_unseen(seen))


def _carried_out(
    service: Service, repository: Repository, operation: Operation, step: Step, *, dry_run: bool
) -> Change:
    if operation.take_back and not dry_run:
        _require_no_conflicts(step)
        step = step.with_data(operation.take_back())
    return change.carried_out(operation.command, service, repository, step, dry_run=dry_run)


def _require_no_conflicts(step: Step) -> None:
    """Raise RefusedError for conflicts: data that is taken back does not return with an abort."""
    if step.merge.conflicts:
        raise RefusedError(
            "what you edited would conflict, and an abort brings no data back:\n"
            f"{listed(conflict.path for conflict in step.merge.conflicts)}",
            "take your edits out of these files, or --keep-data",
        )


def _unseen(verification: Verification) -> list[str]:
    """Return what could not be looked at, and why: a toolchain, a network or Docker is missing."""
    warned = [o for o in verification.outcomes if o.result is Result.WARNED]
    return [f"{outcome.step}: {outcome.found}" for outcome in warned]


def level(wanted: Wanted) -> Level | None:
    """Return the level that is asked for, or that the user prefers; None for no verification."""
    levels = [*Level]
    if wanted is None:
        preferred = preferences.verifies(levels)
        wanted = levels[0] if preferred is None else bool(preferred) and Level(preferred)
    return wanted or None
