"""How a change of a service is printed: for a person, and as JSON."""

import os
from collections.abc import Sequence
from contextlib import nullcontext

from scaffolder import console
from scaffolder.console import Part, Styled
from scaffolder.errors import ExitCode
from scaffolder.operations import Change
from scaffolder.text import printable, quoted
from scaffolder.verify.outcome import Result

from .notice_output import change_lines, notice_lines
from .verification_output import say_end

Line = Sequence[Part]
"""A line with parts in bold or in color."""

SIGNS = {"add": ("A", "green"), "modify": ("M", "yellow"), "delete": ("D", "red")}
"""The letters of git."""

COMMITS = {
    "add-resource": "Add",
    "add-stage": "Add",
    "adopt": "Adopt viscaffold for",
    "remove-stage": "Remove",
    "update": "Update to template",
    "lock": "Lock dependencies",
}


def finish(
    done: Change, titles: Sequence[Line], steps: Sequence[str] = (), *, as_json: bool
) -> int:
    """Print a change, with next steps; return the exit code."""
    for line in done.warnings:
        console.warn(line)
    with nullcontext() if done.planned else console.reporting():
        if as_json:
            console.data(done.document())
        else:
            for title in titles:
                console.say(*title)
            _say_files(done)
            _say_next(done, steps)
    for line in (*change_lines(done.changes), *notice_lines(done.notices)):
        console.say(line)
    return ExitCode.CONFLICTS if done.conflicts else ExitCode.DONE


def nothing(done: Change, words: str, *, as_json: bool) -> int:
    """Say that there is nothing to do; return the exit code."""
    console.say(f"{words} Nothing to do.")
    if as_json:
        console.data(done.document())
    return ExitCode.DONE


def show_continued(done: Change, *, as_json: bool) -> int:
    """Print what `--continue` staged, and what is left; return the exit code."""
    if as_json:
        with console.reporting():
            console.data(done.document())
    else:
        _say_files(done)
        if done.conflicts:
            console.say(f"Not resolved yet. To give up: viscaffold {_command(done)} --abort")
        else:
            console.next_steps(["viscaffold verify", _commit(done)])
    return ExitCode.CONFLICTS if done.conflicts else ExitCode.DONE


def _say_files(done: Change) -> None:
    """Write a line for each file."""
    conflicted = {conflict["path"] for conflict in done.conflicts}
    for file in done.files:
        if file["path"] not in conflicted:
            console.say("  ", Styled(*SIGNS[file["change"]]), f" {printable(file['path'])}")
    for conflict in done.conflicts:
        sign = Styled("C", "red", bold=True)
        about = f" {printable(conflict['path'])}: {conflict['reason']}; {conflict['hint']}"
        console.say("  ", sign, about)
    for path in done.kept_deleted:
        console.say(f"  - {printable(path)}: you deleted it, and it stays deleted")
    for aside in done.kept_aside:
        path, copy = printable(aside["path"]), printable(aside["copy"])
        console.say(f"  ! {path}: your version is kept in {copy}")
    for note in done.notes:
        console.say(f"  ! {printable(note)}")
    for reason in done.unverified:
        console.say(f"  ! not verified: {printable(reason)}")
    seen = done.verification
    if seen and seen.result is Result.PASSED:
        say_end(seen)


def _say_next(done: Change, steps: Sequence[str]) -> None:
    """Say what to do next; of a change that was only planned, show the patch."""
    if done.diff is not None:
        console.say(f"The tree would be {done.tree}. Nothing was written.")
        console.patch(done.diff.encode(errors="surrogateescape"))
        return
    if done.operation in ("undo", "abort"):
        return
    here = os.path.relpath(done.service.root)
    first = [] if here == "." else [f"cd {quoted(here)}"]
    give_up = "viscaffold undo"
    if done.conflicts:
        first += ["resolve the conflicts as described above, or with: git mergetool"]
        first += [f"viscaffold {_command(done)} --continue"]
        give_up = f"viscaffold {_command(done)} --abort"
    else:
        first += ["git diff --staged"]
    tests = [done.command("test")] if done.service.has_runtime else []
    console.next_steps([*first, *steps, *tests, _commit(done)])
    console.say(f"To take it all back while it is not committed: {give_up}")


def _command(done: Change) -> str:
    return done.title.partition(" ")[0]


def _commit(done: Change) -> str:
    """Return the command that commits an operation."""
    command, _, subject = done.title.partition(" ")
    subject = subject.partition("--answer ")[0].strip()
    if command == "update" and not subject:
        return 'git commit -m "Update the answers to the template"'
    names = {"add-stage": done.added, "add-resource": done.asked}.get(command, done.removed)
    targets = subject.removeprefix("--to ").split(" --to ")
    what = " and ".join(targets if command in ("update", "adopt") else names)
    return f'git commit -m "{" ".join(filter(None, (COMMITS[command], what)))}"'
