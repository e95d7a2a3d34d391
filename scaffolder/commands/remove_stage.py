"""`viscaffold remove-stage`: a stage goes as it came, but for what the user made of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .change import How, finish, nothing, options, settle, settling_options
from .completion import complete_stage

if TYPE_CHECKING:
    from scaffolder.project import Project
    from scaffolder.source import Source


@click.command("remove-stage", short_help="Remove stages from a service.")
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_stage)
@click.option("--with-dependents", is_flag=True, help="Remove the stages that require them, too.")
@settling_options
@options
def remove_stage(  # noqa: PLR0913 - one parameter an option
    *,
    names: tuple[str, ...],
    with_dependents: bool,
    proceed: bool,
    abort: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Remove the stages NAME... from the service you are in.

    What you did not touch goes, and shared files are as they were before the stage came. A file of
    the stage that you edited stays, as a conflict (exit code 3). The change is staged.
    """
    how = How(dry_run, as_json)
    settled = settle(how, proceed=proceed, abort=abort, given=bool(names))
    if settled is not None:
        return settled

    from scaffolder import console, growth
    from scaffolder.growth import Operation

    _require(names)
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        removed = _removed(service, names, with_dependents=with_dependents)
        if not removed:
            gone = ", ".join(sorted(set(names)))
            return nothing("remove-stage", service, f"Not there: {gone}.", how)
        operation = Operation(
            "remove-stage",
            " ".join(names),
            "without/" + "+".join(removed),
            *_left(service, removed),
        )
        with (
            console.progress(f"removing {', '.join(removed)}"),
            growth.planned(service, repository, operation, dry_run=how.dry_run) as step,
        ):
            titles = [_title(name, how, dependent=name not in names) for name in removed]
            return finish(service, repository, step, how, name="remove-stage", titles=titles)


def _require(names: tuple[str, ...]) -> None:
    if not names:
        from scaffolder.errors import UsageError

        raise UsageError("Missing argument 'NAME...'", "viscaffold status")


def _removed(service: "Project", names: tuple[str, ...], *, with_dependents: bool) -> list[str]:
    """Return the stages to remove, sorted; raise RefusedError if others require them."""
    from scaffolder.errors import RefusedError

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
        lines = "\n".join(f"  {name}" for name in dependents)
        raise RefusedError(
            f"other stages require {', '.join(sorted(removed))}:\n{lines}",
            f"viscaffold remove-stage {' '.join(names)} --with-dependents",
        )
    return sorted(removed | set(dependents))


def _left(service: "Project", removed: list[str]) -> tuple["Source", dict[str, Any]]:
    """Return template and answers without stages; an overlay that came for one goes with it."""
    from scaffolder import questions
    from scaffolder.overlays import sources

    stages = [name for name in service.stages if name not in removed]
    template = sources.without(service.source, stages)
    answers = service.with_stages(stages)
    if template != service.source:
        answers = questions.kept(answers, questions.load(template.root))
    return template, answers


def _title(name: str, how: How, *, dependent: bool) -> str:
    because = " (requires it)" if dependent else ""
    return f"{how.verb('remove', 'Removed')} {click.style(name, bold=True)}{because}"
