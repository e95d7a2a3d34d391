"""`viscaffold rollback`: back to the last tree that was verified, with the present saved first."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.console import Styled
from scaffolder.operations import ImageRollback, Rollback
from scaffolder.text import printable

from .change_output import SIGNS


@click.command(short_help="Go back to the last version that was verified.")
@click.argument("revision", required=False, default="", metavar="[REV]")
@click.option("--accept-data", is_flag=True,
              help="Go back although stages have data that does not.")  # fmt: skip
@click.option("--container", is_flag=True,
              help="Start the last verified image with compose; change no file.")  # fmt: skip
@click.option("--dry-run", "-n", is_flag=True, help="Show the plan and the diff; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def rollback(
    revision: str, *, accept_data: bool, container: bool, dry_run: bool, as_json: bool
) -> None:
    """Bring the service you are in back to the last version that was verified, or to REV.

    What is here now, staged or not, is first saved on a branch. Nothing is merged, so nothing
    conflicts; files that git ignores stay. The change is staged, and undo takes it back.
    """
    call = operations.roll_back_image if container else operations.roll_back
    done = call(
        Path.cwd(),
        revision,
        accept_data=accept_data,
        dry_run=dry_run,
        report=console.TERMINAL,
    )
    if as_json:
        with console.reporting():
            console.data(done.document())
    elif isinstance(done, ImageRollback):
        _say_image(done)
    elif not done.branch:
        console.say(f"This is {done.to} already. Nothing to do.")
        console.say("To go back further, name a commit: viscaffold rollback HEAD~1")
    else:
        _say(done)


def _say_image(done: ImageRollback) -> None:
    for line in done.data:
        console.say(f"  ! {printable(line)} does not go back")
    if done.planned:
        console.say(f"Would start the image of {done.to}, {done.image[:19]}, as {done.name}.")
        return
    console.say(f"{done.container} runs the image of {printable(str(done.to))}, and is healthy.")
    if done.kept:
        console.say(f"The image of before is kept as {printable(done.kept)}.")


def _say(done: Rollback) -> None:
    verb = "Would go" if done.diff is not None else "Went"
    console.say(f"{verb} back to {printable(str(done.to))}.")
    for file in done.files:
        console.say("  ", Styled(*SIGNS[file["change"]]), f" {printable(file['path'])}")
    for line in done.data:
        console.say(f"  ! {printable(line)} does not go back")
    for path, copy in done.kept_aside.items():
        console.say(f"  ! {printable(path)}: git ignores it; yours is kept in {printable(copy)}")
    for note in done.notes:
        console.say(f"  ! {printable(note)}")
    if done.diff is not None:
        console.say(f"The present would be saved on the branch {done.branch}. Nothing was written.")
        console.patch(done.diff.encode(errors="surrogateescape"))
        return
    title = done.to.commit[:12] or done.to.tree[:12]
    unknown = [] if done.verified else ["viscaffold verify"]
    console.next_steps([*unknown, f'git commit -m "Go back to {title}"'])
    console.say(f"What was here before: git diff {done.branch}")
    console.say("To take it back while it is not committed: viscaffold undo")
