"""`viscaffold verify`: show that a service works, step by step."""

from pathlib import Path

import click

from scaffolder import console
from scaffolder.errors import ExitCode
from scaffolder.operations import attempts, proof
from scaffolder.verify.outcome import Level, Result

from . import verification_files
from .consent import Consent, trust_option
from .verification_output import say_end, say_outcome

CODES = {
    Result.PASSED: ExitCode.DONE,
    Result.WARNED: ExitCode.UNDETERMINED,
    Result.FAILED: ExitCode.NOT_VERIFIED,
}


@click.command(short_help="Show that a service works.")
@click.argument("revision", metavar="[REV]", required=False, default="")
@click.option("--container", is_flag=True, help="Build its image and run that, too.")
@click.option("--drills", is_flag=True, help="Inject faults into its container, too.")
@click.option("--again", is_flag=True, help="Verify it even if it was verified already.")
@click.option("--show-failed", is_flag=True,
              help="Print where the last change is kept that failed, and why it did.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@verification_files.options
@trust_option
def verify(  # noqa: PLR0913 - one parameter an option
    *,
    revision: str,
    container: bool,
    drills: bool,
    again: bool,
    show_failed: bool,
    as_json: bool,
    export: Path | None,
    junit: Path | None,
    trust: Consent,
) -> int:
    """Verify the service you are in: what is staged, or the commit REV.

    A copy from git is installed, tested, started, asked and stopped: what is not staged takes no
    part. This runs the service's code, as you would. Exit code 4 means that a step failed, 11 that
    something is missing here to tell.
    """
    if show_failed:
        return _show_failed(as_json=as_json)
    level = Level.DRILLS if drills else Level.CONTAINER if container else Level.LOCAL
    found = proof.prove(
        Path.cwd(),
        revision=revision,
        level=level,
        again=again,
        trust=trust,
        report=console.TERMINAL,
        seen=say_outcome,
    )
    say_end(found)
    verification_files.Files(export, junit).write(found)
    if as_json:
        console.data(found.document())
    return CODES[found.result]


def _show_failed(*, as_json: bool) -> int:
    kept = attempts.last(Path.cwd())
    for outcome in kept.verification.outcomes:
        say_outcome(outcome)
    if as_json:
        console.data(kept.verification.document())
    else:
        console.out(str(kept.place))
    return ExitCode.DONE
