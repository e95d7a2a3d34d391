"""The answer: the judgement as a document, and as a person reads it."""

import re
from typing import Any

import click

from .case import Case
from .cleaning import cleaned, cleaner
from .judge import HEALTHY, PROVEN, UNDETERMINED, Judgement

COLOURS = {PROVEN: "red", "likely": "yellow", UNDETERMINED: "magenta", HEALTHY: "green"}
WORDS = {PROVEN: "Proven", "likely": "Likely", UNDETERMINED: "Undetermined", HEALTHY: "Healthy"}


def document(case: Case, judgement: Judgement, seconds: float) -> dict[str, Any]:
    """Return the answer as docs/schemas/diagnosis.json describes it; without secrets or escapes."""
    found = {
        "target": case.target,
        "kind": case.kind,
        "verdict": judgement.verdict,
        "pattern": judgement.pattern,
        "cause": {"id": judgement.cause, "text": judgement.text},
        "fix": {"text": judgement.fix, "commands": list(judgement.commands)},
        "evidence": [
            {"source": e.source, "command": e.command, "found": e.found} for e in judgement.evidence
        ],
        "ruled_out": list(judgement.ruled_out),
        "other_causes": [{"id": name, "text": text} for name, text in judgement.others],
        "not_read": case.sources.unread(),
        "page": judgement.page,
        "seconds": round(seconds, 2),
    }
    result = cleaned(found, cleaner(case.config.env))
    assert isinstance(result, dict)  # noqa: S101 - as it went in
    return result


def show(answer: dict[str, Any]) -> None:
    """Write an answer for a person to stdout."""
    verdict = answer["verdict"]
    head = click.style(f"{WORDS[verdict]}: ", fg=COLOURS[verdict], bold=True)
    click.echo(f"{click.style(answer['target'], bold=True)}: {head}{answer['cause']['text']}")
    for evidence in answer["evidence"]:
        click.echo(f"\n  {click.style('$ ' + evidence['command'], dim=True)}")
        for line in evidence["found"].splitlines() or [""]:
            click.echo(f"  > {line}")
    if answer["fix"]["text"]:
        click.echo(f"\nFix: {answer['fix']['text']}")
        for command in answer["fix"]["commands"]:
            click.echo(f"  {command}")
    _list("Looked at, and fine", answer["ruled_out"])
    if verdict != PROVEN:
        others = answer["other_causes"]
        _list("Found, too", [f"{other['id']}: {other['text']}" for other in others])
    _list("Could not be read", answer["not_read"])


def _list(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"\n{title}:")
        for line in lines:
            click.echo("  - " + re.sub(r"\s+", " ", line))
