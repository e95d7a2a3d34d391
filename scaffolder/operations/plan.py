"""Plan a change of a service: render twice, merge, and say what is to be written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffolder import names
from scaffolder.engine import (
    ANSWERS_FILE,
    apply,
    index,
    preflight,
    records,
    renders,
    trees,
)
from scaffolder.engine.git import Git, Repository
from scaffolder.engine.journal import Journal
from scaffolder.engine.merge import Merge
from scaffolder.engine.prepare import Plan
from scaffolder.engine.records import File, Record
from scaffolder.engine.trees import Blob, Tree
from scaffolder.errors import RefusedError
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.reporting import Reporter
from scaffolder.templates import moved
from scaffolder.templates.template import Template
from scaffolder.text import listed

from . import locking, manifests, places, recovering
from .locking import Locking, LockMode
from .rendering import render
from .service import Service, load, repository_of


@dataclass(frozen=True)
class Operation:
    """A change of a service: what was typed, and what it is to become."""

    command: str
    subject: str
    label: str
    """How conflict markers call the template's side."""
    template: Template
    answers: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    lock: LockMode = LockMode.IF_NEEDED
    files: Mapping[str, tuple[str, bytes] | None] | None = None
    """What is written into a service that is adopted: there is nothing to merge with yet."""
    take_back: Callable[[], list[str]] | None = None
    """Takes data back that is out of reach afterwards, just before the change is written; returns
    in words what it did."""


@dataclass(frozen=True)
class Step:
    """A planned change of a service: its result, how to write it, and what is recorded."""

    merge: Merge
    plan: Plan
    record: Record
    aside: Mapping[str, Blob] = field(default_factory=dict)
    """Versions of files that have no place in the result and are kept apart."""

    def with_data(self, words: list[str]) -> "Step":
        """Return it with what was done to data before it is written."""
        self.merge.notes.extend(words)
        return replace(self, record=replace(self.record, data=words))


@contextmanager
def opened(
    start: Path,
    *,
    dry_run: bool,
    trust: TrustPolicy,
    report: Reporter,
    repository: Repository | None = None,
) -> Iterator[tuple[Service, Repository]]:
    """Open the service that `start` is in for a change, as the only viscaffold running there.

    `repository` is given where it is known which one is meant, whatever lies around the service.

    An operation that was killed is finished or taken back first. Raise RefusedError if there is no
    service or no repository, git does not track the service or is in the middle of something.
    """
    repository = repository or repository_of(start, "so nothing could be taken back")
    with alone(repository, report, dry_run=dry_run):
        require_finished(repository)
        _require_tracked(repository)
        yield load(start, trust), repository


@contextmanager
def alone(repository: Repository, report: Reporter, *, dry_run: bool) -> Iterator[None]:
    """Be the only viscaffold that runs there; an operation that was killed is ended first."""
    if dry_run:
        recovering.recover_if_killed(repository, report)
        yield
        return
    with Journal(repository).locked(report):
        recovering.recover(repository, report)
        yield


def require_finished(repository: Repository) -> None:
    """Raise RefusedError where git is in the middle of something, such as a merge."""
    unfinished = repository.unfinished()
    if unfinished:
        raise RefusedError(
            f"a {unfinished} is under way in {repository.top}",
            f"finish it: git {unfinished} --continue",
        )


def _require_tracked(repository: Repository) -> None:
    if not repository.git.fields("ls-files", "-z", "--", repository.prefix + ANSWERS_FILE):
        raise RefusedError(f"git does not track {ANSWERS_FILE}", "git add --all && git commit")


@contextmanager
def planned(
    service: Service, repository: Repository, operation: Operation, *, dry_run: bool
) -> Iterator[Step]:
    """Merge what `operation` changes in the render into the service; nothing is written to it.

    Raise RefusedError if conflicts of an earlier operation are left, or what would be written is
    not safe in the index.
    """
    _require_resolved(repository)
    lock = locking.of(operation.template, service.language, operation.lock, service.places)
    theirs = service.placed(render(operation.template, operation.answers, remember=not dry_run))
    with trees.scratch(repository) as scratch:
        if operation.files is None:
            base = service.placed(render(service.template, service.answers, remember=not dry_run))
            merged, lock = _merged(
                scratch, service, repository, operation, lock=lock, base=base, theirs=theirs
            )
        else:
            merged = renders.put(scratch, repository, operation.files)
        merged = locking.renewed(lock, merged, theirs)
        merged.notes.extend(operation.notes)
        top = repository.directory
        seen = {path: records.fingerprint(top / path) for path in merged.paths}
        preflight.check(repository, merged)
        entries = {c.path: {0: c.new} if c.new else {} for c in merged.changes}
        entries |= {conflict.path: dict(conflict.stages) for conflict in merged.conflicts}
        plan = Plan(scratch, seen, merged.changes, entries, len(merged.result))
        yield Step(merged, plan, _record(service, repository, operation, merged))


def _merged(  # noqa: PLR0913 - what is merged, and where
    scratch: Git,
    service: Service,
    repository: Repository,
    operation: Operation,
    *,
    lock: Locking,
    base: Tree,
    theirs: Tree,
) -> tuple[Merge, Locking]:
    """Merge two renders into the service; return also how it is locked."""
    mine = locking.held(repository, lock.paths)
    lock = lock.where_wanted(mine, base).beside(mine, repository.directory)
    base, theirs = lock.apart(mine, base, theirs)
    moves = moved.load(operation.template.root, names.package(operation.answers["name"]))
    moves = places.of_moves(moves, service.places)
    merged = renders.merge(scratch, repository, base, theirs, label=operation.label, moved=moves)
    return manifests.check(repository, merged, lock, base, theirs), lock


def _require_resolved(repository: Repository) -> None:
    left = index.unmerged(repository)
    if left:
        raise RefusedError(
            f"there are conflicts to resolve first:\n{listed(left)}",
            "git status; where viscaffold left them: viscaffold add-stage --continue or --abort",
        )


def _record(
    service: Service, repository: Repository, operation: Operation, merged: Merge
) -> Record:
    before, after = service.stages, operation.answers["stages"]
    return Record(
        command=operation.command,
        subject=operation.subject,
        prefix=repository.prefix,
        head=repository.head(),
        added=[name for name in after if name not in before],
        removed=[name for name in before if name not in after],
        versions=(service.template.version, operation.template.version),
        files={
            path: File(merged.before.get(path), merged.after.get(path), None, None)
            for path in merged.paths
        },
        conflicts=[conflict.path for conflict in merged.conflicts],
    )


def carry_out(repository: Repository, step: Step) -> dict[str, Path]:
    """Write what `step` plans, all or nothing; return where versions of files were put aside."""
    held = trees.contents(step.plan.scratch, [blob.oid for blob in step.aside.values()])
    kept = Journal(repository).keep({p: held[blob.oid] for p, blob in step.aside.items()})
    apply.apply(repository, step.plan, step.record)
    return kept
