"""What a command that changes a service did, or would do: for a person, and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from . import console
from .catalogue import read_yaml
from .engine import ANSWERS_FILE, trees
from .engine.merge import Merge
from .engine.records import Record
from .growth import Step
from .project import Project
from .settling import Settling


@dataclass(frozen=True)
class Report:
    """One document for every such command; docs/json.md describes it."""

    operation: str
    stages: list[str]
    template: dict[str, str]
    overlays: list[dict[str, str | None]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)
    conflicts: list[dict[str, str]] = field(default_factory=list)
    kept_deleted: list[str] = field(default_factory=list)
    kept_aside: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tree: str | None = None
    diff: str | None = None


def nothing(operation: str, service: Project) -> Report:
    """Report that there was nothing to do."""
    version = service.source.version
    return Report(operation, service.stages, {"from": version, "to": version}, _overlays(service))


def of_step(
    operation: str, service: Project, step: Step, kept: Mapping[str, Path], diff: bytes | None
) -> Report:
    """Report a step: carried out, or, with `diff`, only planned."""
    record, merge = step.record, step.merge
    before, after = record.versions
    return Report(
        operation,
        stages=sorted({*service.stages, *record.added} - {*record.removed}),
        template={"from": before, "to": after},
        overlays=_overlays_of(merge),
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
        diff=None if diff is None else diff.decode(errors="surrogateescape"),
    )


def _overlays(service: Project) -> list[dict[str, str | None]]:
    from .overlays import versions

    layers = [layer.recorded() for layer in service.source.layers]
    return versions.changes(layers, layers)


def _overlays_of(merge: Merge) -> list[dict[str, str | None]]:
    """Return what the answers on both sides of a merge record."""
    from .overlays import record, versions

    recorded = []
    for tree in (merge.ours, merge.result):
        blob = trees.list_tree(merge.scratch, tree)[ANSWERS_FILE]
        content = merge.scratch("cat-file", "blob", blob.oid).stdout
        recorded.append(read_yaml(content).get(record.KEY, []))
    return versions.changes(*recorded)


def data(report: Report) -> None:
    """Print it as JSON."""
    console.data(asdict(report))


def say(report: Report) -> None:
    """Write it for the person: a line for each file, in the letters of git."""
    signs = {"add": click.style("A", fg="green"), "modify": click.style("M", fg="yellow"),
             "delete": click.style("D", fg="red")}  # fmt: skip
    conflicted = {conflict["path"] for conflict in report.conflicts}
    for file in report.files:
        if file["path"] not in conflicted:
            console.say(f"  {signs[file['change']]} {file['path']}")
    for conflict in report.conflicts:
        sign = click.style("C", fg="red", bold=True)
        console.say(f"  {sign} {conflict['path']}: {conflict['reason']}; {conflict['hint']}")
    for path in report.kept_deleted:
        console.say(f"  - {path}: you deleted it, and it stays deleted")
    for aside in report.kept_aside:
        console.say(f"  ! {aside['path']}: your version is kept in {aside['copy']}")
    for note in report.notes:
        console.say(f"  ! {note}")


def of_settling(service: Project, record: Record, found: Settling) -> Report:
    """Report what `--continue` staged, and what is left to be decided on."""
    before, after = record.versions
    return Report(
        "continue",
        stages=service.stages,
        template={"from": before, "to": after},
        overlays=_overlays(service),
        added=record.added,
        removed=record.removed,
        files=[{"path": path, "change": "modify"} for path in found.settled],
        conflicts=[
            {"path": path, "reason": reason, "hint": hint}
            for path, (reason, hint) in found.left.items()
        ],
    )
