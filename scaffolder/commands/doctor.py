"""`viscaffold doctor`: whether this machine and a service are fit for the next step."""

from collections.abc import Sequence
from pathlib import Path

import click

from scaffolder import console
from scaffolder.console import Styled
from scaffolder.doctor import catalogue, subject
from scaffolder.doctor.catalogue import Check
from scaffolder.doctor.findings import Finding, State
from scaffolder.doctor.subject import Subject
from scaffolder.errors import ExitCode
from scaffolder.text import printable

from .completion import language_option

MARKS = {
    State.FINE: Styled("+", "green"),
    State.SKIPPED: Styled("-", dim=True),
    State.WARNING: Styled("!", "yellow"),
    State.PROBLEM: Styled("x", "red", bold=True),
}

Found = Sequence[tuple[Check, Finding]]


@click.command(short_help="Check this machine and a service for what stops the next step.")
@language_option
@click.option("--contact", is_flag=True, help="Ask a Docker daemon on another machine, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def doctor(*, language: str, contact: bool, as_json: bool) -> int:
    """Check this machine, and the service you are in, for what stops the next step.

    Outside of a service, the machine alone is checked. Nothing is changed, and no server asked.
    Exit code 1 means that something stops the next step or gives a secret away.
    """
    asked = subject.of(Path.cwd(), language=language, contact=contact)
    with console.progress("Checking"):
        found = list(catalogue.examine(asked, catalogue.checks()))
    if as_json:
        console.data(_document(asked, found))
    else:
        _say(found)
    return ExitCode.FAILED if _worst(found) is State.PROBLEM else ExitCode.DONE


def _worst(found: Found) -> State:
    order = list(State)
    return max((finding.state for _, finding in found), key=order.index)


def _document(asked: Subject, found: Found) -> dict[str, object]:
    service = asked.service
    return {
        "service": str(service.root) if service else None,
        "language": asked.language,
        "result": _worst(found),
        "checks": [
            {
                "id": check.id,
                "state": finding.state,
                "says": finding.says,
                "fix": finding.fix,
                "places": list(finding.places),
            }
            for check, finding in found
        ],
    }


def _say(found: Found) -> None:
    # Of all checks, not of those made: what a machine has moves no column.
    width = max(len(check.id) for check in catalogue.checks())
    for check, finding in found:
        console.out(MARKS[finding.state], f" {check.id:<{width}}  {printable(finding.says)}")
        margin = " " * (width + 4)
        for place in finding.places:
            console.out(f"{margin}{printable(place)}")
        if finding.fix:
            console.out(f"{margin}Fix: {printable(finding.fix)}")
    count = {state: sum(f.state is state for _, f in found) for state in State}
    problems, warnings = count[State.PROBLEM], count[State.WARNING]
    console.say(f"\n{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}.")


def _counted(number: int, noun: str) -> str:
    return f"{number or 'No'} {noun}{'' if number == 1 else 's'}"
