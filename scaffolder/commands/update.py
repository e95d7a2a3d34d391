"""`viscaffold update`: the service moves to a newer version of its template."""

from dataclasses import asdict
from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.errors import ExitCode
from scaffolder.operations import Available
from scaffolder.operations.gate import Wanted
from scaffolder.overlays import versions
from scaffolder.templates import questions
from scaffolder.text import printable

from .change import (
    How,
    answered,
    conflict_options,
    failures_as_json,
    options,
    resolve,
    verify_options,
)
from .change_output import finish, nothing
from .consent import Consent
from .notice_output import change_lines, notice_lines


@click.command(short_help="Update a service to a newer template.")
@click.option("--to", "to", multiple=True, metavar="[NAME@]VERSION",
              help="Version to update to (default: newest); NAME is an overlay's.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question that is new, or anew; repeatable.")  # fmt: skip
@click.option("--check", is_flag=True, help="Only tell if there is an update, by exit code 10.")
@verify_options
@conflict_options
@options
def update(  # noqa: PLR0913 - one parameter an option
    *,
    to: tuple[str, ...],
    pairs: tuple[str, ...],
    check: bool,
    proceed: bool,
    abort: bool,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Update the service you are in to the template that this viscaffold carries.

    What the template changed since is merged with what you changed, and staged. No network is
    needed: viscaffold carries every version. Templates of a team are asked for newer tags; with
    --to, only what it names moves.
    """
    how = How(dry_run, as_json, trust, verify)
    ended = resolve(how, proceed=proceed, abort=abort, given=bool(to or pairs or check))
    if ended is not None:
        return ended
    if check:
        return _show(operations.check(Path.cwd(), to, trust=trust), as_json=as_json)
    answers = questions.parsed(pairs)
    with failures_as_json(as_json):
        done = answered(
            answers,
            lambda: operations.update(
                Path.cwd(),
                to,
                answers=answers,
                **how.options,
            ),
        )
    if not done.targets and not done.replaced:
        current = versions.current(done.service.template)
        return nothing(done, f"Already at {current}.", as_json=as_json)
    moved = ", ".join(map(printable, [*done.moves, *done.replaced]))
    title = f"{'Would update' if done.planned else 'Updated'} {moved}"
    return finish(done, [(title,)], [done.command("install")], as_json=as_json)


def _show(found: Available, *, as_json: bool) -> int:
    if as_json:
        notices = [asdict(notice) for notice in found.notices]
        changes = [asdict(change) for change in found.changes]
        about = {**found.versions, "update": bool(found.moves), "notices": notices}
        about["changes"] = changes
        console.data({**about, "overlays": found.overlays})
    elif not found.moves:
        console.say(f"Up to date: template {found.current}.")
    else:
        console.say(f"There is an update: {', '.join(found.moves)}.\nTry: viscaffold update")
    for line in () if as_json else (*change_lines(found.changes), *notice_lines(found.notices)):
        console.say(line)
    return ExitCode.UPDATE if found.moves else ExitCode.DONE
