"""Add stages to a service."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from scaffolder.overlays import resolve
from scaffolder.overlays.fetch import origin
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import catalogue, questions
from scaffolder.templates.template import Template

from . import change, gate
from .change import Change
from .gate import How, Wanted
from .plan import Operation, opened


def add(  # noqa: PLR0913 - each has a default
    service: Path,
    names: Sequence[str],
    *,
    answers: Mapping[str, str] = MappingProxyType({}),
    dry_run: bool = False,
    verify: Wanted = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Add the stages `names`, and those that they require, to the service around `service`.

    A stage from elsewhere is SOURCE[@VERSION][#STAGE]. `answers` are to questions that come with
    it. The change is merged with the user's own, verified and staged; conflicts are left in place.

    Raise UsageError for a stage or an answer that does not exist, UnansweredError for a question
    without either, RefusedError where the state of the service forbids it or a template is not
    trusted, NotVerifiedError if it would break the service, OSError for what the machine refuses.
    Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        found.require_runtime()
        template, asked = _resolved(found.template, names, trust)
        known = catalogue.load(template.root, found.language)
        stages = known.chosen({*found.stages, *asked})
        added = [name for name in stages if name not in found.stages]
        if not added:
            return replace(change.nothing("add-stage", found), asked=asked)
        complete = questions.answered(template.root, answers, found.answers)
        operation = Operation(
            "add-stage",
            " ".join(asked),
            "stage/" + "+".join(added),
            template,
            {**complete, "stages": stages},
        )
        how = How(dry_run, verify, report)
        done = gate.carried_out(found, repository, operation, f"adding {', '.join(added)}", how)
    warnings = [] if template == found.template else resolve.warnings(template)
    brought = [known.stages[name] for name in added]
    return replace(done, asked=asked, brought=brought, warnings=warnings)


def _resolved(
    template: Template, names: Sequence[str], trust: TrustPolicy
) -> tuple[Template, list[str]]:
    """Return the template with the sources among `names` laid over it, and the stages meant."""
    stages = []
    for name in names:
        stage = name
        if origin.is_source(name):
            template, stage = resolve.added(template, name, trust)
        stages.append(stage)
    return template, stages
