"""`viscaffold add-stage`: one more capability, merged into the service and staged for a commit."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.errors import UsageError
from scaffolder.operations import Change
from scaffolder.operations.gate import Wanted
from scaffolder.templates import questions
from scaffolder.templates.stage import Stage

from .change import (
    How,
    answered,
    conflict_options,
    failures_as_json,
    options,
    resolve,
    verify_options,
)
from .change_output import Line, finish, nothing
from .completion import complete_stage
from .consent import Consent


@click.command("add-stage", short_help="Add stages to a service.")
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_stage)
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question that comes with a stage; repeatable.")  # fmt: skip
@verify_options
@conflict_options
@options
def add_stage(  # noqa: PLR0913 - one parameter an option
    *,
    names: tuple[str, ...],
    pairs: tuple[str, ...],
    proceed: bool,
    abort: bool,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Add the stages NAME... and those that they require to the service you are in.

    A stage from elsewhere is SOURCE[@VERSION][#STAGE], such as ./kafka or a git URL with a tag.

    The change is merged with yours and staged, ready to commit. Exit code 3 means that it is in
    place but for conflicts, which are marked and listed: resolve them and --continue, or --abort.
    """
    how = How(dry_run, as_json, trust, verify)
    ended = resolve(how, proceed=proceed, abort=abort, given=bool(names or pairs))
    if ended is not None:
        return ended
    if not names:
        raise UsageError("Missing argument 'NAME...'", "viscaffold stages")
    answers = questions.parsed(pairs)
    with failures_as_json(as_json):
        done = answered(
            answers,
            lambda: operations.add(
                Path.cwd(),
                names,
                answers=answers,
                **how.options,
            ),
        )
    if not done.brought:
        there = ", ".join(sorted(set(done.asked)))
        return nothing(done, f"Already there: {there}.", as_json=as_json)
    titles = [_title(stage, done) for stage in done.brought]
    return finish(done, titles, _steps(done), as_json=as_json)


def _title(stage: Stage, done: Change) -> Line:
    because = "" if stage.name in done.asked else " (required)"
    verb = "Would add" if done.planned else "Added"
    return f"{verb} ", console.bold(stage.name), f"{because}: {stage.summary}"


def _steps(done: Change) -> list[str]:
    language = done.service.language
    settings = [name for stage in done.brought for name in stage.settings(language)]
    steps = [f"see the new settings, all with defaults: {', '.join(settings)}"] if settings else []
    if any(stage.dependencies(language) for stage in done.brought):
        steps += [done.command("install")]
    return steps
