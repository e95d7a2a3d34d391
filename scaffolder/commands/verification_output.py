"""What a verification saw, as a person reads it."""

from scaffolder import console
from scaffolder.text import printable
from scaffolder.verify.outcome import Level, Outcome, Result, Verification

MARKS = {
    Result.PASSED: console.Styled("ok  ", "green"),
    Result.WARNED: console.Styled("WARN", "yellow", bold=True),
    Result.FAILED: console.Styled("FAIL", "red", bold=True),
}
HOW = {
    Level.LOCAL: "on this machine",
    Level.CONTAINER: "on this machine and in a container",
    Level.DRILLS: "on this machine, in a container, and with injected faults",
}


def say_all(found: Verification) -> None:
    """Tell a person about each step, and what came of them."""
    for outcome in found.outcomes:
        say_outcome(outcome)
    say_end(found)


def say_outcome(outcome: Outcome) -> None:
    """Tell a person about a step; if it failed, all that is known of it."""
    console.say("  ", MARKS[outcome.result], f"  {outcome.step}  ({outcome.seconds:.1f} s)")
    if outcome.result is Result.WARNED:
        console.say(f"        {outcome.found}")
    if outcome.result is not Result.FAILED:
        return
    console.say(f"        expected: {outcome.expected}")
    console.say(f"        found:    {outcome.found}")
    for line in outcome.log:
        console.say(console.Styled(f"        | {printable(line)}", dim=True))


def say_end(found: Verification) -> None:
    """Tell a person what came of it."""
    name = f"{found.configuration.get('name', 'the service')} ({found.tree[:12]})"
    is_image_alone = [one.step for one in found.outcomes[:1]] == ["image"]
    how, failed = "in a container" if is_image_alone else HOW[found.level], found.failed
    if failed:
        console.say(f"{name} does not work: {failed.step}")
        console.say(f"The whole log: {found.log}")
    elif found.result is Result.WARNED:
        console.say(f"{name} was not verified {how}: something is missing, see above")
    elif found.known:
        console.say(
            f"{name} was verified already {how}, {found.began:%Y-%m-%d %H:%M} UTC (again: --again)"
        )
    else:
        count = len(found.outcomes)
        console.say(f"{name} works {how}: {count} steps in {found.seconds:.1f} s")
