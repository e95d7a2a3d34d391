"""`viscaffold undo`: the last operation taken back, while its result is not committed."""

from pathlib import Path

import click

from scaffolder import console, operations

from .change import options
from .change_output import finish
from .consent import Consent


@click.command(short_help="Take back the last operation.")
@options
def undo(
    *,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Take back the last operation on the service you are in, unless its result is committed.

    What you edited since stays. Where an edit is in the way, nothing is changed (exit code 5).
    """
    done = operations.undo(Path.cwd(), dry_run=dry_run, trust=trust, report=console.TERMINAL)
    verb = "Would take" if done.planned else "Took"
    return finish(done, [(f"{verb} back: viscaffold {done.title}",)], as_json=as_json)
