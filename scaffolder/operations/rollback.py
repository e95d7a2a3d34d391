"""Go back to a tree that was verified; the present is saved on a branch first.

Nothing is merged, so nothing conflicts: afterwards index and work tree have that tree, and what git
ignores stays as it is. It is written like any operation, all or nothing, and `undo` takes it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffolder.engine import git, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.journal import Journal
from scaffolder.errors import RefusedError
from scaffolder.reporting import SILENT, Reporter
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Verification

from . import owned_data, recovering, revisions, saving, way_back
from .revisions import Revision
from .service import root
from .way_back import Way


@dataclass(frozen=True)
class Rollback:
    """What a rollback did or, with `diff`, would do. Paths are relative to the service."""

    root: Path
    to: Revision
    verified: Verification | None
    """What is known of it; None if it was named and nothing is known."""
    branch: str = ""
    """Where the present was saved, or would be; empty if there is nothing to do."""
    files: list[dict[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    """What stages keep outside the repository and the target knows nothing of."""
    kept_aside: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    diff: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        known = self.verified
        return {
            "operation": "rollback",
            "to": self.to.document(),
            "verified": _document(known) if known else None,
            "branch": self.branch or None,
            "files": self.files,
            "data": self.data,
            "kept_aside": [{"path": path, "copy": copy} for path, copy in self.kept_aside.items()],
            "notes": self.notes,
            "diff": self.diff,
        }


def _document(known: Verification) -> dict[str, str]:
    return {"level": known.level, "result": known.result, "began": known.began.isoformat()}


def roll_back(
    service: Path,
    name: str = "",
    *,
    accept_data: bool = False,
    dry_run: bool = False,
    report: Reporter = SILENT,
) -> Rollback:
    """Bring the service around `service` back to the last tree that was verified, or to `name`.

    Raise RefusedError if none was, or if stages own data that the target knows nothing of, unless
    that is accepted; then nothing was changed.
    """
    with (
        opened(service, dry_run=dry_run, report=report) as repository,
        trees.scratch(repository) as scratch,
    ):
        target, known = _target(scratch, repository, name, report)
        way = way_back.compared(scratch, repository, target.tree)
        return _rolled_back(
                scratch, repository, Rollback(repository.directory, target, known), way,
                accept_data=accept_data, dry_run=dry_run, report=report,
            )  # fmt: skip


@contextmanager
def opened(start: Path, *, dry_run: bool, report: Reporter) -> Iterator[Repository]:
    """Open the repository of the service that `start` is in, whatever state the service is in."""
    repository = _repository(start)
    if dry_run:
        recovering.recover_if_killed(repository, report)
        _require_idle(repository)
        yield repository
        return
    with Journal(repository).locked(report):
        recovering.recover(repository, report)
        _require_idle(repository)
        yield repository


def _repository(start: Path) -> Repository:
    """Return the repository at the service's directory, also where its answers file is gone."""
    try:
        found = git.repository(root(start))
    except RefusedError:
        found = _of_head(start)
        if found is None:
            raise
    if found is None:
        raise RefusedError(f"{start} is not in a git repository: there is nothing to go back to")
    return found


def _of_head(start: Path) -> Repository | None:
    """Return the same for the nearest directory that HEAD has a service in."""
    here = git.repository(start)
    for folder in (start, *start.parents):
        found = git.repository(folder)
        if found is None or here is None or found.top != here.top:
            break
        if revisions.head(found):
            return found
    return None


def _require_idle(repository: Repository) -> None:
    unfinished = repository.unfinished()
    if unfinished:
        raise RefusedError(
            f"a {unfinished} is under way in {repository.top}: what you go back to would become a "
            "part of it",
            f"give it up: git {unfinished} --abort",
        )


def _target(
    scratch: Git, repository: Repository, name: str, report: Reporter
) -> tuple[Revision, Verification | None]:
    """Return where to go back to, and what is known of it."""
    if name:
        found = revisions.named(repository, name)
        return found, evidence.best(evidence.of(repository, found.tree, report))
    first = next(revisions.verified(scratch, repository, report), None)
    if first is None:
        raise RefusedError(
            "nothing that this service was has been verified here, so there is no way back to it",
            "name a commit: viscaffold rollback HEAD~1; or verify one: viscaffold verify HEAD~1",
        )
    return first


def _rolled_back(  # noqa: PLR0913 - what is done, where, and how
    scratch: Git,
    repository: Repository,
    done: Rollback,
    way: Way,
    *,
    accept_data: bool,
    dry_run: bool,
    report: Reporter,
) -> Rollback:
    if not way.changes and not way.entries:
        return done
    way_back.check(repository, way)
    data = owned_data.between(scratch, repository, way.now, done.to.tree, way.changes)
    owned_data.require_none(done.to, data, accepted=accept_data or dry_run)
    branch = saving.branch(repository)
    planned = Rollback(
        done.root, done.to, done.verified, branch,
        [{"path": change.path, "change": change.kind} for change in way.changes],
        data, notes=[f"{path} is a repository of its own: it stays as it is, and its content is "
                     "not saved" for path in way.inside],
    )  # fmt: skip
    if dry_run:
        command = ("diff-tree", "-r", "-p", "--binary", "--no-color", way.now, done.to.tree)
        diff = scratch(*command).stdout.decode(errors="surrogateescape")
        return replace(planned, diff=diff)
    report.note(f"Going back to {done.to}: {_known(done.verified)}.")
    report.note(f"What is here now, staged or not, is saved on the branch {branch}.")
    kept = way_back.carry_out(scratch, repository, way, done.to, branch)
    return replace(planned, kept_aside={path: str(copy) for path, copy in kept.items()})


def _known(known: Verification | None) -> str:
    if known is None:
        return "not verified here"
    return f"{known.result} ({known.level}) on {known.began:%Y-%m-%d at %H:%M} UTC"
