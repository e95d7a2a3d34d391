"""`viscaffold update`: the service moves to a newer version of its template."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .change import How, finish, nothing, options, settle, settling_options

if TYPE_CHECKING:
    from scaffolder.project import Project


@click.command(short_help="Update a service to a newer template.")
@click.option("--to", "to", multiple=True, metavar="[NAME@]VERSION",
              help="Version to update to (default: newest); NAME is an overlay's.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question that is new; repeatable.")  # fmt: skip
@click.option("--check", is_flag=True, help="Only tell if there is an update, by exit code 10.")
@settling_options
@options
def update(  # noqa: PLR0913 - one parameter an option
    *,
    to: tuple[str, ...],
    pairs: tuple[str, ...],
    check: bool,
    proceed: bool,
    abort: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Update the service you are in to the template that this viscaffold carries.

    What the template changed since is merged with what you changed, and staged. No network is
    needed: viscaffold carries every version. Templates of a team are asked for newer tags; with
    --to, only what it names moves.
    """
    how = How(dry_run, as_json)
    settled = settle(how, proceed=proceed, abort=abort, given=bool(to or pairs or check))
    if settled is not None:
        return settled

    from scaffolder import console, growth, project, updating
    from scaffolder.overlays import sources, versions

    if check:
        return _check(project.load(Path.cwd()), to, how)
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        target = sources.updated(service.source, to)
        if target == service.source:
            return nothing("update", service, f"Already at {versions.current(target)}.", how)
        operation = updating.operation(service, target, pairs)
        moves = versions.moves(service.source, target)
        with (
            console.progress(f"updating to {versions.current(target)}"),
            growth.planned(service, repository, operation, dry_run=how.dry_run) as step,
        ):
            title = f"{how.verb('update', 'Updated')} {', '.join(moves)}"
            steps = [".venv/bin/pip install -e . --group dev"]
            sources.warn_of_directories(target)
            return finish(
                service, repository, step, how, name="update", titles=[title], steps=steps
            )


def _check(service: "Project", to: tuple[str, ...], how: How) -> int:
    from scaffolder import console
    from scaffolder.errors import ExitCode
    from scaffolder.overlays import sources, versions

    target = sources.updated(service.source, to)
    old, new = service.source.version, target.version
    moves = versions.moves(service.source, target)
    if how.as_json:
        layers = [[layer.recorded() for layer in side.layers] for side in (service.source, target)]
        found = {"from": old, "to": new, "update": bool(moves)}
        console.data({**found, "overlays": versions.changes(*layers)})
    elif not moves:
        console.say(f"Up to date: template {versions.current(target)}.")
    else:
        console.say(f"There is an update: {', '.join(moves)}.\nTry: viscaffold update")
    return ExitCode.UPDATE if moves else ExitCode.DONE
