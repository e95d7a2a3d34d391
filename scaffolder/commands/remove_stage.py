"""`viscaffold remove-stage`: a stage goes as it came, but for what the user made of it."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.errors import UsageError
from scaffolder.operations import Change
from scaffolder.operations.gate import Wanted

from .change import (
    How,
    conflict_options,
    failures_as_json,
    options,
    resolve,
    verify_options,
)
from .change_output import Line, finish, nothing
from .completion import complete_stage
from .consent import Consent


@click.command("remove-stage", short_help="Remove stages from a service.")
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_stage)
@click.option("--with-dependents", is_flag=True, help="Remove the stages that require them, too.")
@verify_options
@conflict_options
@options
def remove_stage(  # noqa: PLR0913 - one parameter an option
    *,
    names: tuple[str, ...],
    with_dependents: bool,
    proceed: bool,
    abort: bool,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Remove the stages NAME... from the service you are in.

    What you did not touch goes, and shared files are as they were before the stage came. A file of
    the stage that you edited stays, as a conflict (exit code 3). The change is staged.
    """
    how = How(dry_run, as_json, trust, verify)
    ended = resolve(how, proceed=proceed, abort=abort, given=bool(names))
    if ended is not None:
        return ended
    if not names:
        raise UsageError("Missing argument 'NAME...'", "viscaffold status")
    with failures_as_json(as_json):
        done = operations.remove(
            Path.cwd(),
            names,
            with_dependents=with_dependents,
            **how.options,
        )
    if not done.removed:
        gone = ", ".join(sorted(set(names)))
        return nothing(done, f"Not there: {gone}.", as_json=as_json)
    return finish(done, [_title(name, done) for name in done.removed], as_json=as_json)


def _title(name: str, done: Change) -> Line:
    because = "" if name in done.asked else " (requires it)"
    verb = "Would remove" if done.planned else "Removed"
    return f"{verb} ", console.bold(name), because
