"""What the commands that change a service share: options, questions, resolving conflicts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from scaffolder import console, operations
from scaffolder.errors import UsageError
from scaffolder.operations import NotVerifiedError, UnansweredError
from scaffolder.operations.gate import Wanted
from scaffolder.verify.outcome import Level

from .change_output import finish, show_continued
from .consent import Consent, trust_option

LEVELS = [level.value for level in Level]

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")


@dataclass(frozen=True)
class How:
    """How a change is to be made and shown."""

    dry_run: bool
    as_json: bool
    trust: Consent
    verify: Wanted

    @property
    def options(self) -> dict[str, Any]:
        """Return what every operation takes that changes a service."""
        return {
            "dry_run": self.dry_run,
            "verify": self.verify,
            "trust": self.trust,
            "report": console.TERMINAL,
        }


def _note_yes(context: click.Context, _option: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
    """Keep for the time of the command that `--yes` was typed."""
    if given:
        context.find_root().meta[console.YES] = True


def options(command: Command) -> Command:
    """Add the options of every command that changes a service."""
    command = trust_option(command)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md)."),
        click.option("--yes", "-y", is_flag=True, expose_value=False, callback=_note_yes,
                     help="Ask nothing: take defaults, and fail where a question has none."),
        click.option("--dry-run", "-n", is_flag=True,
                     help="Show the plan and the diff; write nothing."),
    ):  # fmt: skip
        command = option(command)
    return command


def verify_options(command: Command) -> Command:
    """Add the options that say how far the result is verified before it is written.

    The command gets what they come to as `verify`.
    """
    for option in (
        click.option("--no-verify", is_flag=True, is_eager=True, expose_value=False,
                     callback=_note_no_verify, help="Write the result without verifying it."),
        click.option("--verify", type=click.Choice(LEVELS), callback=_wanted,
                     help="How far to verify the result before it is written (default: local)."),
    ):  # fmt: skip
        command = option(command)
    return command


NO_VERIFY = "viscaffold.no-verify"
"""Where click keeps, for the time of a command, that `--no-verify` was typed."""


def _note_no_verify(context: click.Context, _option: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
    context.meta[NO_VERIFY] = given


def _wanted(context: click.Context, _option: click.Parameter, level: str | None) -> Wanted:
    """Return how far to verify; raise UsageError where both options were typed."""
    unwanted = context.meta[NO_VERIFY]
    if unwanted and level:
        raise UsageError("--verify and --no-verify exclude each other", "take one of them")
    if unwanted or level is None:
        return False if unwanted else None
    return Level(level)


def conflict_options(command: Command) -> Command:
    """Add the options of the commands that can leave conflicts."""
    for option in (
        click.option("--abort", is_flag=True, help="Give up conflicts: back to what was before."),
        click.option("--continue", "proceed", is_flag=True,
                     help="Continue after you resolved the conflicts."),
    ):  # fmt: skip
        command = option(command)
    return command


def answered(given: dict[str, str], call: Callable[[], Result]) -> Result:
    """Return what `call` does; ask on a terminal for answers that it lacks, and call it again.

    They are added to `given`, which `call` is to use.
    """
    try:
        return call()
    except UnansweredError as error:
        if not console.interactive():
            raise
        given |= {asked.name: console.ask(asked.help, asked.choices) for asked in error.questions}
    return call()


@contextmanager
def failures_as_json(wanted: bool) -> Iterator[None]:  # noqa: FBT001 - all that it is told
    """Print the change, if `wanted`, that failed its verification; the error goes on."""
    try:
        yield
    except NotVerifiedError as error:
        with console.reporting("Nothing was changed"):
            if wanted:
                console.data(error.change.document())
        raise


def resolve(how: How, *, proceed: bool, abort: bool, given: bool) -> int | None:
    """Do what `--continue` or `--abort` ask for; return None if neither was typed."""
    if not proceed and not abort:
        return None
    if given or (proceed and abort):
        raise UsageError("--continue and --abort go alone", "viscaffold add-stage --abort")
    call = operations.continue_ if proceed else operations.abort
    done = call(Path.cwd(), dry_run=how.dry_run, trust=how.trust, report=console.TERMINAL)
    if proceed:
        return show_continued(done, as_json=how.as_json)
    verb = "Would take" if done.planned else "Took"
    return finish(done, [(f"{verb} back: viscaffold {done.title}",)], as_json=how.as_json)
