"""Plan a change of a service: render twice, merge, and say what is to be written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import cache, console, project
from .engine import ANSWERS_FILE, apply, git, index, merge, preflight, records, recovery, trees
from .engine.git import Repository
from .engine.journal import Journal
from .engine.merge import Merge
from .engine.prepare import Plan
from .engine.records import File, Record
from .engine.trees import Blob, Tree
from .errors import RefusedError
from .interrupts import uninterrupted
from .project import Project
from .render import rendered
from .source import Source


@dataclass(frozen=True)
class Operation:
    """A change of a service: what was typed, and what it is to become."""

    command: str
    subject: str
    label: str
    """How conflict markers call the template's side."""
    source: Source
    answers: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """A planned change of a service: what it comes to, how to write it, and what is recorded."""

    merge: Merge
    plan: Plan
    record: Record
    aside: Mapping[str, Blob] = field(default_factory=dict)
    """Versions of files that have no place in the result and are kept apart."""


@contextmanager
def opened(start: Path, *, dry_run: bool) -> Iterator[tuple[Project, Repository]]:
    """Open the service that `start` is in for a change, as the only viscaffold at work there.

    An operation that was killed is finished or taken back first. Raise RefusedError if there is no
    service or no repository, git does not track the service or is in the middle of something.
    """
    repository = _repository(project.root(start))
    if dry_run:
        recover_if_killed(repository)
        _require_idle(repository)
        yield project.load(start), repository
        return
    with Journal(repository).locked():
        recover(repository)
        _require_idle(repository)
        yield project.load(start), repository


def recover_if_killed(repository: Repository) -> None:
    """Do the same for a command that only reads, and that needs no lock otherwise."""
    if recovery.is_due(repository):
        with Journal(repository).locked():
            recover(repository)


def recover(repository: Repository) -> None:
    """Bring an operation that was killed to an end, and say so; the lock has to be held."""
    with uninterrupted() as interrupts:
        found = recovery.recover(repository)
        interrupts.check()
    if found is None:
        return
    title = f"`viscaffold {found.record.title}`"
    if found.finished:
        console.say(f"{title} was killed after its last step: it is finished, and staged.")
        return
    console.say(f"{title} was killed halfway: it is taken back, all is as it was before.")
    for path in found.changed:
        console.say(f"  ! {path}: changed since, left as it is")


def _repository(root: Path) -> Repository:
    git.require_version()
    found = git.repository(root)
    if found is None:
        raise RefusedError(
            f"{root} is in no git repository, so nothing could be taken back",
            "git init && git add --all && git commit -m 'Start'",
        )
    return found


def _require_idle(repository: Repository) -> None:
    unfinished = repository.unfinished()
    if unfinished:
        raise RefusedError(
            f"a {unfinished} is under way in {repository.top}",
            f"finish it: git {unfinished} --continue",
        )
    if not repository.git.fields("ls-files", "-z", "--", repository.prefix + ANSWERS_FILE):
        raise RefusedError(f"git does not track {ANSWERS_FILE}", "git add --all && git commit")


@contextmanager
def planned(
    service: Project, repository: Repository, operation: Operation, *, dry_run: bool
) -> Iterator[Step]:
    """Merge what `operation` changes in the render into the service; nothing is written to it.

    Raise RefusedError if conflicts of an earlier operation are left, or what would be written is
    not safe in the index.
    """
    _require_settled(repository)
    base = render(repository, service.source, service.answers, remember=not dry_run)
    theirs = render(repository, operation.source, operation.answers, remember=not dry_run)
    with trees.scratch(repository) as scratch:
        merged = merge.merge_renders(scratch, repository, base, theirs, operation.label)
        merged.notes.extend(operation.notes)
        top = Path(repository.top, repository.prefix)
        seen = {path: records.fingerprint(top / path) for path in merged.paths}
        preflight.check(repository, merged)
        entries = {c.path: {0: c.new} if c.new else {} for c in merged.changes}
        entries |= {conflict.path: dict(conflict.stages) for conflict in merged.conflicts}
        plan = Plan(scratch, seen, merged.changes, entries, len(merged.result))
        yield Step(merged, plan, _record(service, repository, operation, merged))


def _require_settled(repository: Repository) -> None:
    left = index.unmerged(repository)
    if left:
        lines = "\n".join(f"  {path}" for path in left)
        raise RefusedError(
            f"there are conflicts to be settled first:\n{lines}",
            "git status; where viscaffold left them: viscaffold add-stage --continue or --abort",
        )


def render(
    repository: Repository | None, source: Source, answers: Mapping[str, Any], *, remember: bool
) -> Tree:
    """Return what the template gives, from the repository's cache if it is known there."""
    directory = Journal(repository).home / "cache" if repository else None
    known = cache.get(directory, source, answers) if directory else None
    if known is None:
        with rendered(source, answers) as root:
            known = trees.read_tree(root)
        if directory and remember:
            cache.put(directory, source, known)
    return known


def _record(
    service: Project, repository: Repository, operation: Operation, merged: Merge
) -> Record:
    before, after = service.stages, operation.answers["stages"]
    ours = trees.list_tree(merged.scratch, merged.ours)
    result = trees.list_tree(merged.scratch, merged.result)
    return Record(
        command=operation.command,
        subject=operation.subject,
        prefix=repository.prefix,
        head=repository.head(),
        added=[name for name in after if name not in before],
        removed=[name for name in before if name not in after],
        versions=(service.source.version, operation.source.version),
        files={p: File(ours.get(p), result.get(p), None, None) for p in merged.paths},
        conflicts=[conflict.path for conflict in merged.conflicts],
    )


def carry_out(repository: Repository, step: Step) -> dict[str, Path]:
    """Write what `step` plans, all or nothing; return where versions of files were put aside."""
    scratch = step.plan.scratch
    aside = {p: scratch("cat-file", "blob", b.oid).stdout for p, b in step.aside.items()}
    kept = Journal(repository).keep(aside)
    apply.apply(repository, step.plan, step.record)
    return kept
