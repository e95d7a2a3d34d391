"""Remove stages from a service."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scaffolder.errors import RefusedError
from scaffolder.overlays import resolve
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import questions
from scaffolder.templates.template import Template
from scaffolder.text import listed

from . import change, gate
from .change import Change
from .gate import How, Wanted
from .plan import Operation, opened
from .service import Answers, Service


def remove(  # noqa: PLR0913 - each has a default
    service: Path,
    names: Sequence[str],
    *,
    with_dependents: bool = False,
    dry_run: bool = False,
    verify: Wanted = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Remove the stages `names` from the service around `service`.

    `with_dependents`, those that require them go, too; otherwise that is refused. What the user did
    not touch goes; a file of the stage that they edited stays, as a conflict. It is verified and
    staged.

    Raise UsageError for a stage that does not exist, RefusedError where the state of the service
    forbids it, NotVerifiedError if it would break the service, OSError for what the machine
    refuses. Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        removed = _removed(found, names, with_dependents=with_dependents)
        if not removed:
            return replace(change.nothing("remove-stage", found), asked=[*names])
        operation = Operation(
            "remove-stage",
            " ".join(names),
            "without/" + "+".join(removed),
            *_left(found, removed, trust),
            notes=_data(found, removed),
        )
        how = How(dry_run, verify, report)
        done = gate.carried_out(found, repository, operation, f"removing {', '.join(removed)}", how)
    return replace(done, asked=[*names])


def _removed(service: Service, names: Sequence[str], *, with_dependents: bool) -> list[str]:
    """Return the stages to remove, sorted; raise RefusedError if others require them."""
    service.catalogue.closure(names)  # refuses unknown names
    removed = {name for name in names if name in service.stages}
    always = removed & set(service.catalogue.chosen([]))
    if always:
        raise RefusedError(
            f"the team's template has {', '.join(sorted(always))} always on",
            "change the template: stages: in its viscaffold.yml",
        )
    dependents = service.catalogue.dependents(removed, service.stages)
    if dependents and not with_dependents:
        raise RefusedError(
            f"other stages require {', '.join(sorted(removed))}:\n{listed(dependents)}",
            f"viscaffold remove-stage {' '.join(names)} --with-dependents",
        )
    return sorted(removed | set(dependents))


def _data(service: Service, removed: list[str]) -> list[str]:
    """Return what is said of data that stages kept, and that nobody takes away."""
    left = [name for name in service.stages if name not in removed]
    found = []
    for name in service.stages:
        data = service.catalogue.stages[name].data
        if name in removed:
            files = [path for path in data.files if (service.root / path).exists()]
            found += [f"{path}: the data of the stage {name} stays" for path in files]
        reached = data.among(left).tables if name in left else ()
        found += [
            f"the table {table}: what the stage {name} has in it stays, out of reach of the service"
            f" (to take it out or back first: viscaffold undo, and docs/stages/{name}.md)"
            for table in data.among(service.stages).tables
            if table not in reached
        ]
    return found


def _left(service: Service, removed: list[str], trust: TrustPolicy) -> tuple[Template, Answers]:
    """Return template and answers without stages; an overlay that came for one goes with it."""
    stages = [name for name in service.stages if name not in removed]
    template = resolve.without(service.template, stages, trust)
    answers = service.with_stages(stages)
    if template != service.template:
        answers = questions.kept(answers, questions.load(template.root))
    return template, answers
