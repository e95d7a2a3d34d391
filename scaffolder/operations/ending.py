"""End an operation that is not committed: take it back, go on with it, or give it up."""

from dataclasses import replace
from pathlib import Path

from scaffolder.engine.git import Repository
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter

from . import change, conflicts, locking, manifests, owned_data, reversal
from .change import Change
from .log import require_last
from .plan import opened


def undo(
    service: Path,
    *,
    dry_run: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Take back the last operation on the service around `service`, unless it is committed.

    What the user edited since stays.

    Raise RefusedError if there is nothing to take back, or an edit is in the way; OSError for what
    the machine refuses. Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        last = require_last(repository)
        with reversal.planned(repository, last, aside=False) as step:
            done = change.carried_out("undo", found, repository, step, dry_run=dry_run)
    leaving = owned_data.leaving(found.catalogue.stages, found.stages, done.stages)
    stays = owned_data.staying(found.root, leaving)
    return replace(done, title=last.record.title, notes=[*done.notes, *last.record.data, *stays])


def continue_(
    service: Path,
    *,
    dry_run: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Stage what the user has resolved of the last operation's conflicts.

    The change lists those that are left to be decided on. Raise RefusedError if there are none.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        last = conflicts.conflicted(repository)
        resolution = conflicts.look(found, repository, last)
        if resolution.resolved and not dry_run:
            conflicts.stage(repository, resolution.resolved)
        lock = locking.of_service(found)
        left = resolution.left or manifests.staged_problem(repository, lock, last.record)
        outdated = [] if left else lock.outdated(locking.held(repository, lock.paths))
    record = last.record
    before, after = record.versions
    return Change(
        "continue",
        found,
        stages=found.stages,
        template={"from": before, "to": after},
        overlays=change.overlays_of(found),
        added=record.added,
        removed=record.removed,
        files=[{"path": path, "change": "modify"} for path in resolution.resolved],
        conflicts=[
            {"path": path, "reason": reason, "hint": hint} for path, (reason, hint) in left.items()
        ],
        notes=[
            f"{path} does not fit {lock.tools.manifest}; to lock it anew: viscaffold lock"
            for path in outdated
        ],
        title=record.title,
    )


def abort(
    service: Path,
    *,
    dry_run: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
    repository: Repository | None = None,
) -> Change:
    """Give up the conflicts of the last operation: back to what was before.

    A version of a file that has no place there is kept apart (`kept_aside`). `repository` says
    which one is meant, where that is known. Raise as `undo`.
    """
    with opened(
        service, dry_run=dry_run, trust=trust, report=report, repository=repository
    ) as (found, within):  # fmt: skip
        last = conflicts.conflicted(within)
        with reversal.planned(within, last, aside=True) as step:
            done = change.carried_out("abort", found, within, step, dry_run=dry_run)
    return replace(done, title=last.record.title)
