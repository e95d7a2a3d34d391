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

from . import change, gate, owned_data, taking_back
from .change import Change
from .gate import How, Wanted
from .plan import Operation, opened
from .service import Answers, Service
from .taking_back import Drop, Fate


def remove(  # noqa: PLR0913 - each has a default
    service: Path,
    names: Sequence[str],
    *,
    with_dependents: bool = False,
    data: Fate = None,
    dry_run: bool = False,
    verify: Wanted = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Remove the stages `names` from the service around `service`.

    `with_dependents`, those that require them go, too; otherwise that is refused. What the user did
    not touch goes; a file of the stage that they edited stays, as a conflict. It is verified and
    staged. `data` says what becomes of tables that go out of reach; without them it is not needed.

    Raise UsageError for a stage that does not exist, RefusedError where the state of the service
    forbids it or nobody has said what becomes of tables, NotVerifiedError if it would break the
    service, OSError for what the machine refuses. Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        removed = _removed(found, names, with_dependents=with_dependents)
        if not removed:
            return replace(change.nothing("remove-stage", found), asked=[*names])
        left = [name for name in found.stages if name not in removed]
        leaving = owned_data.leaving(found.catalogue.stages, found.stages, left)
        gone = [one for one in leaving if one.kind == "table"]
        if not dry_run:
            taking_back.require_fate(names, gone, data)
        stays = [one for one in leaving if one not in gone or not isinstance(data, Drop)]
        operation = Operation(
            "remove-stage",
            " ".join(names),
            "without/" + "+".join(removed),
            *_left(found, left, trust),
            notes=owned_data.staying(found.root, stays),
            take_back=taking_back.prepared(found, repository, gone, data, report),
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


def _left(service: Service, stages: list[str], trust: TrustPolicy) -> tuple[Template, Answers]:
    """Return template and answers with `stages` alone; an overlay that came for others goes."""
    template = resolve.without(service.template, stages, trust)
    answers = service.with_stages(stages)
    if template != service.template:
        answers = questions.kept(answers, questions.load(template.root))
    return template, answers
