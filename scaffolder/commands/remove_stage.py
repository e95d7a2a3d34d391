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
@click.option("--drop-data", is_flag=True, help="Take their tables back, with what is in them.")
@click.option(
    "--export",
    metavar="DIR",
    type=click.Path(path_type=Path, resolve_path=True),
    help="With --drop-data: write what is in the tables into DIR before.",
)
@click.option("--no-export", is_flag=True, help="With --drop-data: write it nowhere.")
@click.option("--keep-data", is_flag=True, help="Leave their tables where they are.")
@verify_options
@conflict_options
@options
def remove_stage(  # noqa: PLR0913 - one parameter an option
    *,
    names: tuple[str, ...],
    with_dependents: bool,
    drop_data: bool,
    export: Path | None,
    no_export: bool,
    keep_data: bool,
    proceed: bool,
    abort: bool,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Remove the stages NAME... from the service you are in.

    What you did not touch goes, and shared files are as they were before the stage came. A file of
    the stage that you edited stays, as a conflict (exit code 3). The change is staged. Where tables
    go out of the service's reach, say what becomes of them: --drop-data or --keep-data.
    """
    how = How(dry_run, as_json, trust, verify)
    ended = resolve(how, proceed=proceed, abort=abort, given=bool(names))
    if ended is not None:
        return ended
    if not names:
        raise UsageError("Missing argument 'NAME...'", "viscaffold status")
    fate = _fate(drop=drop_data, export=export, no_export=no_export, keep=keep_data)
    with failures_as_json(as_json):
        done = operations.remove(
            Path.cwd(),
            names,
            with_dependents=with_dependents,
            data=fate,
            **how.options,
        )
    if not done.removed:
        gone = ", ".join(sorted(set(names)))
        return nothing(done, f"Not there: {gone}.", as_json=as_json)
    return finish(done, [_title(name, done) for name in done.removed], as_json=as_json)


def _fate(*, drop: bool, export: Path | None, no_export: bool, keep: bool) -> "operations.Fate":
    """Return what becomes of tables; raise UsageError for options that exclude each other."""
    if keep and (drop or export or no_export):
        raise UsageError("--keep-data excludes the other options of data", "take it alone")
    if not drop and (export or no_export):
        raise UsageError("--export and --no-export belong to --drop-data", "add --drop-data")
    if drop and bool(export) == no_export:
        raise UsageError("--drop-data needs either --export DIR or --no-export", "add one of them")
    if drop:
        return operations.Drop(export)
    return "keep" if keep else None


def _title(name: str, done: Change) -> Line:
    because = "" if name in done.asked else " (requires it)"
    verb = "Would remove" if done.planned else "Removed"
    return f"{verb} ", console.bold(name), because
