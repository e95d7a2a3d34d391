"""`viscaffold minimal`: the smallest version of a service, run as one that fails is run."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.errors import ExitCode
from scaffolder.operations import Fault, Minimal
from scaffolder.text import printable

from .consent import Consent, trust_option

TITLES = {
    Fault.CODE: "The code is at fault: without it, the same place works.",
    Fault.PLATFORM: "The platform is at fault: the smallest service does not work there either.",
    Fault.UNKNOWN: "It cannot be told.",
}


@click.command(short_help="Tell whether the platform or the code is at fault.")
@click.argument("target", required=False, default="", metavar="[CONTAINER]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@trust_option
def minimal(target: str, *, as_json: bool, trust: Consent) -> int:
    """Run the service you are in without its stages and your code, as CONTAINER is run.

    It gets the settings, limits, networks and mounts of the container, by default the one of the
    compose project here, and is gone afterwards. If it works, the code is at fault, otherwise the
    platform. Exit codes: 10 it was found out, 11 it cannot be told.
    """
    found = operations.run_minimal(Path.cwd(), target, trust=trust, report=console.TERMINAL)
    if as_json:
        console.data(found.document())
    else:
        _say(found)
    return ExitCode.UNDETERMINED if found.fault is Fault.UNKNOWN else ExitCode.FOUND


def _say(found: Minimal) -> None:
    console.say(console.bold(TITLES[found.fault]))
    console.say(f"In the place of {printable(found.container)}: {printable(found.found)}.")
    if found.given:
        console.say(f"It had: {printable(', '.join(found.given))}")
    for item in found.left_out:
        console.say(f"  ! It did not have: {printable(item)}")
    if found.fault is not Fault.CODE:
        for line in found.log:
            console.say(console.Styled(f"  | {printable(line)}", dim=True))
    steps = {
        Fault.CODE: ["viscaffold bisect", "viscaffold rollback"],
        Fault.PLATFORM: [f"viscaffold diagnose {printable(found.container)}"],
        Fault.UNKNOWN: [f"viscaffold diagnose {printable(found.container)}"],
    }
    console.next_steps(steps[found.fault])
