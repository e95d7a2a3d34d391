"""`viscaffold add-stage`: one more capability, merged into the service and staged for a commit."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .change import How, finish, nothing, options, settle, settling_options
from .completion import complete_stage

if TYPE_CHECKING:
    from scaffolder.catalogue import Stage
    from scaffolder.project import Project
    from scaffolder.source import Source


@click.command("add-stage", short_help="Add stages to a service.")
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_stage)
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question that comes with a stage; repeatable.")  # fmt: skip
@settling_options
@options
def add_stage(  # noqa: PLR0913 - one parameter an option
    *,
    names: tuple[str, ...],
    pairs: tuple[str, ...],
    proceed: bool,
    abort: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Add the stages NAME... and those that they require to the service you are in.

    A stage from elsewhere is SOURCE[@VERSION][#STAGE], such as ./kafka or a git URL with a tag.

    The change is merged with yours and staged, ready to commit. Exit code 3 means that it is in
    place but for conflicts, which are marked and listed: settle them and --continue, or --abort.
    """
    how = How(dry_run, as_json)
    settled = settle(how, proceed=proceed, abort=abort, given=bool(names or pairs))
    if settled is not None:
        return settled

    from scaffolder import catalogue, console, growth
    from scaffolder.growth import Operation

    _require(names)
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        template, names = _resolved(service.source, names)
        known = catalogue.load(template.root)
        wanted = known.chosen({*service.stages, *names})
        added = [name for name in wanted if name not in service.stages]
        if not added:
            there = ", ".join(sorted(set(names)))
            return nothing("add-stage", service, f"Already there: {there}.", how)
        operation = Operation(
            "add-stage",
            " ".join(names),
            "stage/" + "+".join(added),
            template,
            {**_answers(service, template, pairs), "stages": wanted},
        )
        stages = [known.stages[name] for name in added]
        with (
            console.progress(f"adding {', '.join(added)}"),
            growth.planned(service, repository, operation, dry_run=how.dry_run) as step,
        ):
            titles = [_title(stage, how, required=stage.name not in names) for stage in stages]
            return finish(
                service,
                repository,
                step,
                how,
                name="add-stage",
                titles=titles,
                steps=_steps(service, stages),
            )


def _require(names: tuple[str, ...]) -> None:
    if not names:
        from scaffolder.errors import UsageError

        raise UsageError("Missing argument 'NAME...'", "viscaffold stages")


def _resolved(template: "Source", names: tuple[str, ...]) -> tuple["Source", tuple[str, ...]]:
    """Return the template with the sources among `names` laid over it, and the stages meant."""
    from scaffolder.overlays import origin

    if not any(origin.is_source(name) for name in names):
        return template, names
    from scaffolder.overlays import sources

    before, found = template, []
    for name in names:
        stage = name
        if origin.is_source(name):
            template, stage = sources.added(template, name)
        found.append(stage)
    if template != before:
        sources.warn_of_directories(template)
    return template, tuple(found)


def _answers(service: "Project", template: "Source", pairs: tuple[str, ...]) -> dict[str, object]:
    from scaffolder import questions

    known = questions.load(template.root)
    given = questions.answers(pairs, known, questions.fixed(template.root))
    return questions.complete({**questions.kept(service.answers, known), **given}, known)


def _title(stage: "Stage", how: How, *, required: bool) -> str:
    because = " (required)" if required else ""
    name = click.style(stage.name, bold=True)
    return f"{how.verb('add', 'Added')} {name}{because}: {stage.summary}"


def _steps(service: "Project", stages: list["Stage"]) -> list[str]:
    language = service.answers["language"]
    settings = [name for stage in stages for name in stage.settings(language)]
    steps = [f"see the new settings, all with defaults: {', '.join(settings)}"] if settings else []
    if any(stage.dependencies(language) for stage in stages):
        steps += [".venv/bin/pip install -e . --group dev"]
    return steps
