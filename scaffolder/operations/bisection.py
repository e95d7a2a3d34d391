"""Find what broke a service: the commit with which its verification began to fail, or the stage.

Nothing of the repository changes: trees are verified, and none is checked out. What is known from
evidence is not verified again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffolder.engine import trees
from scaffolder.errors import RefusedError, ScaffoldError
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.verify.outcome import Level, Result, Verification

from . import added_stages, proof, revisions
from .added_stages import AddedStage
from .judging import Judge
from .revisions import Revision


@dataclass(frozen=True)
class Bisection:
    """What made a service fail."""

    good: Revision
    bad: Revision
    """The first that fails."""
    verification: Verification
    """What it fails with."""
    stage: AddedStage | None = None
    """The stage that is to blame, of those that came with `bad`."""
    unclear: list[Revision] = field(default_factory=list)
    """Those between the two that could not be verified: one of them may be the first."""
    verified: int = 0
    known: int = 0
    """How many were verified, and of how many there was evidence."""

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "good": self.good.document(),
            "bad": self.bad.document(),
            "verification": self.verification.document(),
            "stage": self.stage.document() if self.stage else None,
            "unclear": [revision.document() for revision in self.unclear],
            "verified": self.verified,
            "known": self.known,
        }


def bisect(  # noqa: PLR0913 - each has a default
    service: Path,
    good: str = "",
    bad: str = "",
    *,
    level: Level = Level.LOCAL,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Bisection:
    """Find with which commit between `good` and `bad` the service began to fail.

    Without names: from the last commit that was verified to what is staged. Where the commit added
    several stages, it is found out which of them. Raise RefusedError if `bad` works or `good` does
    not, or either cannot be verified.
    """
    repository = proof.repository_of(service)
    with trees.scratch(repository) as scratch:
        judge = Judge(repository, scratch, level, trust, report)
        last = _last(judge, bad)
        failed = judge.judged(last)
        if failed.result is not Result.FAILED:
            raise _not(last, failed, "fails")
        first = _first(judge, good, last)
        passed = judge.judged(first)
        if passed.result is not Result.PASSED:
            raise _not(first, passed, "works")
        found = _between(judge, first, last)
        stage = added_stages.guilty(judge, found.good, found.bad)
    return replace(found, stage=stage, verified=judge.verified, known=judge.known)


def bisect_stages(
    service: Path,
    names: Sequence[str],
    *,
    level: Level = Level.LOCAL,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Bisection:
    """Find with which of the stages `names` what is staged would begin to fail.

    Raise RefusedError if it fails without them, or works with them all.
    """
    repository = proof.repository_of(service)
    with trees.scratch(repository) as scratch:
        judge = Judge(repository, scratch, level, trust, report)
        start = revisions.staged(scratch, repository)
        passed = judge.judged(start)
        if passed.result is not Result.PASSED:
            raise _not(start, passed, "works")
        stage = added_stages.first(judge, start, list(names))
        if stage is None:
            raise RefusedError(
                f"{start} works with {', '.join(names)}, too: there is nothing to find",
                f"viscaffold add-stage {' '.join(names)}",
            )
    with_it = Revision(stage.verification.tree, title=f"{start} and {stage.name}")
    return Bisection(
        start, with_it, stage.verification, stage, verified=judge.verified, known=judge.known
    )


def _not(revision: Revision, found: Verification, expected: str) -> RefusedError:
    """Build the error for an end of the range that is not what it has to be."""
    if found.result is Result.WARNED:
        missing = next(o for o in found.outcomes if o.result is Result.WARNED)
        return RefusedError(f"{revision} cannot be verified here: {missing.step}: {missing.found}")
    if expected == "fails":
        return RefusedError(
            f"{revision} works: there is nothing to find",
            "name one that fails: viscaffold bisect GOOD BAD; or find out more: --container",
        )
    failed = found.failed
    return RefusedError(
        f"{revision} does not work either: {failed.step if failed else ''}",
        "name an earlier one that works: viscaffold bisect GOOD",
    )


def _last(judge: Judge, name: str) -> Revision:
    """Return the revision that fails: what is staged, unless one is named, or that is HEAD."""
    if name:
        return revisions.named(judge.repository, name)
    head = revisions.head(judge.repository)
    waiting = revisions.staged(judge.scratch, judge.repository)
    return head if head and head.tree == waiting.tree else waiting


def _first(judge: Judge, name: str, last: Revision) -> Revision:
    if name:
        return revisions.named(judge.repository, name)
    before = revisions.between(judge.repository, last.commit or "HEAD")
    for revision in before:
        if revision.tree != last.tree and judge.is_verified(revision):
            return revisions.titled(judge.repository, revision)
    raise RefusedError(
        f"no commit before {last} has been verified here",
        "name one that works: viscaffold bisect GOOD",
    )


def _between(judge: Judge, good: Revision, bad: Revision) -> Bisection:
    """Narrow the range down, as `git bisect` does, until nothing is between its ends."""
    if not bad.commit:
        head = revisions.head(judge.repository)
        if head is None or judge.judged(head).result is Result.PASSED:
            return Bisection(head or good, bad, judge.judged(bad))
        bad = head if judge.judged(head).result is Result.FAILED else bad
    end, passing, unclear = bad.commit or "HEAD", [good.commit], list[Revision]()
    while waiting := [r for r in _left(judge, end, passing) if r not in unclear and r != bad]:
        middle = waiting[0]
        result = _result(judge, middle)
        if result is Result.FAILED:
            bad, end = middle, middle.commit
        elif result is Result.PASSED:
            good = middle
            passing.append(middle.commit)
        else:
            unclear.append(middle)
    between = [revision for revision in _left(judge, end, passing) if revision in unclear]
    return Bisection(good, bad, judge.judged(bad), unclear=between)


def _left(judge: Judge, end: str, passing: list[str]) -> list[Revision]:
    found = revisions.middle_first(judge.repository, end, passing)
    return [revisions.titled(judge.repository, revision) for revision in found]


def _result(judge: Judge, revision: Revision) -> Result:
    try:
        return judge.judged(revision).result
    except ScaffoldError:  # a service of long ago that this viscaffold does not know
        return Result.WARNED
