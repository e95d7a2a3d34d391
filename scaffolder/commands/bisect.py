"""`viscaffold bisect`: the commit, or the stage, with which a service began to fail."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.errors import ExitCode, UsageError
from scaffolder.operations import Bisection
from scaffolder.operations.added_stages import AddedStage
from scaffolder.text import printable
from scaffolder.verify.outcome import Level

from .completion import complete_stage
from .consent import Consent, trust_option
from .verification_output import say_outcome


@click.command(short_help="Find the commit or stage with which it began to fail.")
@click.argument("good", required=False, default="", metavar="[GOOD]")
@click.argument("bad", required=False, default="", metavar="[BAD]")
@click.option("--stage", "-s", "stages", multiple=True, shell_complete=complete_stage,
              help="Find which of these would break what is staged; repeatable.")  # fmt: skip
@click.option("--container", is_flag=True, help="Verify in containers, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@trust_option
def bisect(  # noqa: PLR0913 - one parameter an option
    *,
    good: str,
    bad: str,
    stages: tuple[str, ...],
    container: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Find with which commit between GOOD and BAD the service you are in began to fail.

    By default from the last commit that was verified to what is staged. What is known is not
    verified again, and nothing is checked out. Exit code 10: it was found.
    """
    if stages and good:
        raise UsageError("--stage goes without GOOD and BAD", "viscaffold bisect --stage NAME")
    level = Level.CONTAINER if container else Level.LOCAL
    if stages:
        found = operations.bisect_stages(
            Path.cwd(), stages, level=level, trust=trust, report=console.TERMINAL
        )
    else:
        found = operations.bisect(
            Path.cwd(), good, bad, level=level, trust=trust, report=console.TERMINAL
        )
    if as_json:
        console.data(found.document())
    else:
        _say(found)
    return ExitCode.FOUND


def _say(found: Bisection) -> None:
    console.say(f"\nIt began to fail with {printable(str(found.bad))}")
    console.say(f"  and worked with {printable(str(found.good))}.")
    if found.stage:
        _say_stage(found.stage)
    for revision in found.unclear:
        console.say(f"  ! {printable(str(revision))} comes between, and cannot be verified here")
    if found.verification.failed:
        say_outcome(found.verification.failed)
    if found.bad.commit:
        good, bad = (revision.commit[:12] for revision in (found.good, found.bad))
        console.next_steps([f"git diff {good} {bad}", f"viscaffold rollback {good}"])


def _say_stage(stage: AddedStage) -> None:
    after = f", added after {', '.join(stage.after)}" if stage.after else ""
    console.say(f"The stage is {stage.name}{after}.")
    if not stage.alone:
        console.say("Without those before it, it works: the two do not get along.")
