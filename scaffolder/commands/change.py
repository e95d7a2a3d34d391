"""What the commands that change a service share: options, the last step, settling conflicts."""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scaffolder import console

if TYPE_CHECKING:
    from scaffolder.engine.git import Repository
    from scaffolder.engine.records import Record
    from scaffolder.growth import Step
    from scaffolder.history import Last
    from scaffolder.project import Project
    from scaffolder.report import Report

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class How:
    """How a change is to be made and shown."""

    dry_run: bool
    as_json: bool

    def verb(self, would: str, did: str) -> str:
        """Return "Would ..." for a dry run, and what was done otherwise."""
        return f"Would {would}" if self.dry_run else did


def trust_option(command: Command) -> Command:
    """Add `--trust`, for commands that may meet a template of others for the first time."""
    return click.option(
        "--trust", is_flag=True, expose_value=False, callback=_trust,
        help="Trust the templates that are used here for the first time.",
    )(command)  # fmt: skip


def _trust(context: click.Context, _option: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
    if given:
        context.find_root().meta[console.TRUST] = True


def options(command: Command) -> Command:
    """Add the options of every command that changes a service."""
    command = trust_option(command)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md)."),
        click.option("--yes", "-y", is_flag=True, help="Accept every confirmation."),
        click.option("--dry-run", "-n", is_flag=True,
                     help="Show the plan and the diff; write nothing."),
    ):  # fmt: skip
        command = option(command)
    return command


def settling_options(command: Command) -> Command:
    """Add the options of the commands that can leave conflicts."""
    for option in (
        click.option("--abort", is_flag=True, help="Give up conflicts: back to what was before."),
        click.option("--continue", "proceed", is_flag=True,
                     help="Go on when conflicts are settled."),
    ):  # fmt: skip
        command = option(command)
    return command


def settle(how: How, *, proceed: bool, abort: bool, given: bool) -> int | None:
    """Do what `--continue` or `--abort` ask for; return None if neither was typed."""
    if not proceed and not abort:
        return None

    from scaffolder import growth, settling, undo
    from scaffolder.errors import UsageError

    if given or (proceed and abort):
        raise UsageError("--continue and --abort go alone", "viscaffold add-stage --abort")
    with growth.opened(Path.cwd(), dry_run=how.dry_run) as (service, repository):
        last = settling.conflicted(repository)
        if proceed:
            return _proceed(service, repository, last, how)
        with undo.planned(repository, last, aside=True) as step:
            title = f"{how.verb('take', 'Took')} back: viscaffold {last.record.title}"
            return finish(service, repository, step, how, name="abort", titles=[title])


def _proceed(service: "Project", repository: "Repository", last: "Last", how: How) -> int:
    from scaffolder import report, settling
    from scaffolder.errors import ExitCode

    found = settling.look(repository, last)
    if found.settled and not how.dry_run:
        settling.stage(repository, found.settled)
    done = report.of_settling(service, last.record, found)
    if how.as_json:
        report.data(done)
    else:
        report.say(done)
        if found.left:
            console.say(f"Not settled yet. To give up: viscaffold {last.record.command} --abort")
        else:
            console.next_steps([".venv/bin/python -m pytest", commit(last.record)])
    return ExitCode.CONFLICTS if found.left else ExitCode.DONE


def nothing(name: str, service: "Project", words: str, how: How) -> int:
    """Say that there is nothing to do."""
    from scaffolder import report
    from scaffolder.errors import ExitCode

    console.say(f"{words} Nothing to do.")
    if how.as_json:
        report.data(report.nothing(name, service))
    return ExitCode.DONE


def finish(  # noqa: PLR0913 - all that is said and done at the end
    service: "Project",
    repository: "Repository",
    step: "Step",
    how: How,
    *,
    name: str,
    titles: Sequence[str],
    steps: Sequence[str] = (),
) -> int:
    """Carry out a step, or only show it, and report under the command's `name`."""
    from scaffolder import growth, history, report
    from scaffolder.errors import ExitCode

    kept: Mapping[str, Path] = {}
    diff = None
    if how.dry_run:
        colour = not how.as_json and sys.stdout.isatty() and _wants_colour()
        diff = step.merge.diff(colour=colour)
    else:
        history.prune(repository)
        kept = growth.carry_out(repository, step)
    done = report.of_step(name, service, step, kept, diff)
    if how.as_json:
        report.data(done)
    else:
        _say(service, step, done, titles, steps)
        if diff is not None:
            print_patch(diff)
    return ExitCode.CONFLICTS if step.merge.conflicts else ExitCode.DONE


def print_patch(diff: bytes) -> None:
    """Write a patch, with whatever bytes the files are of."""
    try:
        click.echo(diff.decode(), nl=False)
    except UnicodeDecodeError:
        click.echo(diff, nl=False)


def _wants_colour() -> bool:

    return console.wants_colour() is not False


def _say(
    service: "Project",
    step: "Step",
    done: "Report",
    titles: Sequence[str],
    steps: Sequence[str],
) -> None:
    from scaffolder import report

    for title in titles:
        console.say(title)
    report.say(done)
    if done.diff is not None:
        console.say(f"The tree would be {done.tree}. Nothing was written.")
        return
    if step.record.undoes:
        return
    here = os.path.relpath(service.root)
    first = [] if here == "." else [f"cd {shlex.quote(here)}"]
    give_up = "viscaffold undo"
    if done.conflicts:
        first += ["settle the conflicts, as said above or with: git mergetool"]
        first += [f"viscaffold {step.record.command} --continue"]
        give_up = f"viscaffold {step.record.command} --abort"
    else:
        first += ["git diff --staged"]
    console.next_steps([*first, *steps, ".venv/bin/python -m pytest", commit(step.record)])
    console.say(f"To take it all back while it is not committed: {give_up}")


def commit(record: "Record") -> str:
    """Return the command that commits an operation."""
    verb = {"add-stage": "Add", "remove-stage": "Remove", "update": "Update to template"}
    names = record.added if record.command == "add-stage" else record.removed
    targets = record.subject.removeprefix("--to ").split(" --to ")
    what = " and ".join(names if record.command != "update" else targets)
    return f'git commit -m "{verb[record.command]} {what}"'
