"""The answer of `diagnose` as a person reads it."""

import re
from collections.abc import Mapping
from typing import Any

from scaffolder import console
from scaffolder.diagnose.verdict.judgement import HEALTHY, LIKELY, PROVEN, UNDETERMINED

COLORS = {PROVEN: "red", LIKELY: "yellow", UNDETERMINED: "magenta", HEALTHY: "green"}


def show(answer: dict[str, Any], emergency: Mapping[str, str]) -> None:
    """Write an answer for a person to stdout; `emergency` has commands and what each does."""
    verdict = answer["verdict"]
    head = console.Styled(f"{verdict.capitalize()}: ", COLORS[verdict], bold=True)
    console.out(console.bold(answer["target"]), ": ", head, answer["cause"]["text"])
    for evidence in answer["evidence"]:
        console.out("\n  ", console.Styled(f"$ {evidence['command']}", dim=True))
        for line in evidence["found"].splitlines() or [""]:
            console.out(f"  > {line}")
    if answer["fix"]["text"]:
        console.out(f"\nFix: {answer['fix']['text']}")
        for command in answer["fix"]["commands"]:
            console.out(f"  {command}")
    _list("Checked and fine", answer["ruled_out"])
    if verdict != PROVEN:
        others = answer["other_causes"]
        _list("Also found", [f"{other['id']}: {other['text']}" for other in others])
    _list("Could not be read", answer["not_read"])
    if emergency and verdict != HEALTHY:
        console.out("\nIn an emergency:")
        width = max(map(len, emergency))
        for command, about in emergency.items():
            console.out(f"  {command.ljust(width)}  ", console.Styled(f"# {about}", dim=True))


def _list(title: str, lines: list[str]) -> None:
    if lines:
        console.out(f"\n{title}:")
        for line in lines:
            console.out("  - " + re.sub(r"\s+", " ", line))
