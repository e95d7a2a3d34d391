"""`viscaffold update`: the service moves to a newer version of its template."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .change import How, finish, nothing, options, settle, settling_options

if TYPE_CHECKING:
    from scaffolder.growth import Operation
    from scaffolder.project import Project
    from scaffolder.source import Source


@click.command(short_help="Update a service to a newer template.")
@click.option("--to", "version", metavar="VERSION", help="Version to update to (default: newest).")
@click.option("--check", is_flag=True, help="Only tell if there is an update, by exit code 10.")
@settling_options
@options
def update(  # noqa: PLR0913 - one parameter an option
    *,
    version: str | None,
    check: bool,
    proceed: bool,
    abort: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Update the service you are in to the template that this viscaffold carries.

    What the template changed since is merged with what you changed, and staged. No network is
    needed: viscaffold carries every version.
    """
    how = How(dry_run, as_json)
    settled = settle(how, proceed=proceed, abort=abort, given=bool(version or check))
    if settled is not None:
        return settled

    from scaffolder import console, growth, project

    if check:
        return _check(project.load(Path.cwd()), version, how)
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        target = _target(service, version)
        old, new = service.source.version, target.version
        if old == new:
            return nothing("update", service, f"Already at {new}.", how)
        operation = _operation(service, target)
        with (
            console.progress(f"updating to {new}"),
            growth.planned(service, repository, operation, dry_run=how.dry_run) as step,
        ):
            title = f"{how.verb('update', 'Updated')} the template from {old} to {new}"
            steps = [".venv/bin/pip install -e . --group dev"]
            return finish(
                service, repository, step, how, name="update", titles=[title], steps=steps
            )


def _target(service: "Project", version: str | None) -> "Source":
    """Return the version to update to; raise UsageError for one that is unknown or older."""
    from scaffolder import errors, source

    target = source.builtin().version if version is None else version
    if target not in source.versions():
        raise errors.unknown("template version", target, source.versions(), "viscaffold status")
    current = service.source.version
    if source.is_newer(current, target):
        raise errors.RefusedError(
            f"the service is at template version {current}, which is newer than {target}: it only "
            "moves forwards",
            "viscaffold undo, while the update is not committed; git revert afterwards",
        )
    return source.carried(target)


def _operation(service: "Project", target: "Source") -> "Operation":
    from scaffolder.growth import Operation

    answers, notes = _answers(service, target)
    return Operation(
        "update", f"--to {target.version}", f"template/{target.version}", target, answers, notes
    )


def _answers(service: "Project", target: "Source") -> tuple[dict[str, Any], list[str]]:
    """Return the answers for another version: its questions, and what became of the stages."""
    from scaffolder import catalogue, questions

    known = catalogue.load(target.root)
    kept, notes = [], []
    for name in service.stages:
        now = known.successor(name)
        if now is None:
            why = known.removed.get(name, "the template has it no longer")
            notes.append(f"the stage {name} goes: {why}")
        else:
            kept.append(now)
            notes += [f"the stage {name} is called {now} now"] if now != name else []
    asked = questions.load(target.root)
    answers = {key: value for key, value in service.answers.items() if key in asked}
    return {**answers, "stages": known.closure(kept)}, notes


def _check(service: "Project", version: str | None, how: How) -> int:
    from scaffolder import console
    from scaffolder.errors import ExitCode

    old, new = service.source.version, _target(service, version).version
    if how.as_json:
        console.data({"from": old, "to": new, "update": old != new})
    elif old == new:
        console.say(f"Up to date: template {new}.")
    else:
        console.say(f"There is an update: from template {old} to {new}.\nTry: viscaffold update")
    return ExitCode.DONE if old == new else ExitCode.UPDATE
