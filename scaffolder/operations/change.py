"""What an operation did to a service, or would do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffolder.engine import ANSWERS_FILE, trees
from scaffolder.engine.git import Repository
from scaffolder.engine.merge import Merge
from scaffolder.overlays import versions
from scaffolder.templates import layer
from scaffolder.templates.catalogue import read_yaml
from scaffolder.templates.notices import Notice
from scaffolder.templates.stage import Stage
from scaffolder.templates.template import Template
from scaffolder.verify.outcome import Verification

from .log import prune
from .plan import Step, carry_out
from .service import Service

DOCUMENTED = (
    *("operation", "stages", "template", "overlays", "added", "removed", "files", "conflicts"),
    *("kept_deleted", "kept_aside", "notes", "tree", "diff", "unverified", "attempt"),
)
"""The fields that docs/json.md describes."""


@dataclass(frozen=True)
class Change:
    """The outcome of an operation. It is staged, ready to commit, unless it was only planned."""

    operation: str
    """What was done: "add-stage", "add-resource", "remove-stage", "update", "adopt", "undo",
    "abort" or "continue"."""
    service: Service
    """The service as it was before."""
    stages: list[str]
    """Those that it has then."""
    template: dict[str, str]
    """Its template's version: "from" and "to"."""
    overlays: list[dict[str, str | None]]
    """The same of each overlay, by its "source"."""
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)
    """"path", and the "change": "add", "modify" or "delete"."""
    conflicts: list[dict[str, str]] = field(default_factory=list)
    """"path", "reason" and "hint": what is left for the user to resolve."""
    kept_deleted: list[str] = field(default_factory=list)
    """Files that the user deleted, and that stay so."""
    kept_aside: list[dict[str, str]] = field(default_factory=list)
    """"path" of a version that has no place in the result, and where its "copy" is."""
    notes: list[str] = field(default_factory=list)
    tree: str | None = None
    """The name that git gives to the result; None where nothing was to be done."""
    diff: str | None = None
    """A patch, if nothing was written; bytes that are no UTF-8 are surrogates."""
    verification: Verification | None = None
    """Of what it leads to; None where that was not to be verified, or could not be: a result with
    conflicts."""

    unverified: list[str] = field(default_factory=list)
    """What could not be verified, and why."""
    attempt: str | None = None
    """Where it is kept, if its verification failed; nothing was written to the service then."""

    title: str = ""
    """What is recorded, "add-stage auth", or what was taken back or continued."""
    asked: list[str] = field(default_factory=list)
    """The stages that were meant; others were added for them, or removed with them. Of a resource,
    its plural."""
    brought: list[Stage] = field(default_factory=list)
    """The stages that were added."""
    moves: list[str] = field(default_factory=list)
    """What an update moved: "the template from 0.4.0 to 0.5.0"."""
    replaced: list[str] = field(default_factory=list)
    """The answers, QUESTION=VALUE, that an update gave another way than before."""
    targets: list[str] = field(default_factory=list)
    """The versions that it moved to, as `--to` takes them."""
    target: Template | None = None
    """The template that an update moved to."""
    warnings: list[str] = field(default_factory=list)
    changes: list[Notice] = field(default_factory=list)
    """What an update changes for people: behaviour, and settings that are renamed or gone."""
    notices: list[Notice] = field(default_factory=list)
    """Known faults that the service has afterwards."""

    @property
    def planned(self) -> bool:
        """Tell whether nothing was written."""
        return self.diff is not None

    def command(self, name: str) -> str:
        """Return a command of its language, as the template has it that the service has then."""
        return replace(self.service, template=self.target or self.service.template).command(name)

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        seen = self.verification.document() if self.verification else None
        found = {name: getattr(self, name) for name in DOCUMENTED}
        found["notes"] = [*self.notes, *self.warnings]
        return {**found, "changes": [*map(asdict, self.changes)], "verification": seen}


def carried_out(
    operation: str, service: Service, repository: Repository, step: Step, *, dry_run: bool
) -> Change:
    """Carry out a step, or only look at it; raise as `plan.carry_out`."""
    if dry_run:
        diff = step.merge.diff().decode(errors="surrogateescape")
        return _of_step(operation, service, step, {}, diff)
    prune(repository)
    kept = carry_out(repository, step)
    return _of_step(operation, service, step, kept, None)


def nothing(operation: str, service: Service) -> Change:
    """Return a change of nothing."""
    version = service.template.version
    unchanged = overlays_of(service)
    return Change(operation, service, service.stages, {"from": version, "to": version}, unchanged)


def _of_step(
    operation: str, service: Service, step: Step, kept: Mapping[str, Path], diff: str | None
) -> Change:
    record, merge = step.record, step.merge
    before, after = record.versions
    return Change(
        operation,
        service,
        stages=sorted({*service.stages, *record.added} - {*record.removed}),
        template={"from": before, "to": after},
        overlays=_overlays_between(merge),
        added=record.added,
        removed=record.removed,
        files=[{"path": change.path, "change": change.kind} for change in merge.changes],
        conflicts=[
            {"path": found.path, "reason": found.reason, "hint": found.hint}
            for found in merge.conflicts
        ],
        kept_deleted=merge.kept_deleted,
        kept_aside=[{"path": path, "copy": str(copy)} for path, copy in kept.items()],
        notes=merge.notes,
        tree=merge.result,
        diff=diff,
        title=record.title,
    )


def overlays_of(service: Service) -> list[dict[str, str | None]]:
    """Return the overlays of a service that does not change them."""
    layers = [layer.entry() for layer in service.template.layers]
    return versions.changes(layers, layers)


def _overlays_between(merge: Merge) -> list[dict[str, str | None]]:
    """Return what the answers on both sides of a merge record."""
    there = [files.get(ANSWERS_FILE) for files in (merge.before, merge.after)]
    held = trees.contents(merge.scratch, [blob.oid for blob in there if blob])
    answers = [read_yaml(held[blob.oid]) if blob else {} for blob in there]
    return versions.changes(*(found.get(layer.KEY, []) for found in answers))
