"""`viscaffold stages`: what can be added, what is installed, and what each brings."""

from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.console import Part, Styled, bold
from scaffolder.templates.stage import Stage
from scaffolder.text import printable

from .completion import language_option
from .consent import Consent, trust_option


@click.command(short_help="List the stages, and which are installed.")
@language_option
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def stages(*, language: str, as_json: bool, trust: Consent) -> None:
    """List the stages: what each brings, and which of them this service has.

    Asks nobody and no server, unless you --trust the templates that are recorded or your default.
    """
    given = trust if trust.given else None
    offer = operations.stages(Path.cwd(), language=language, trust=given)
    known, service = offer.catalogue.stages, offer.service
    installed = service.stages if service else []
    if as_json:
        console.data({"stages": [_entry(stage, installed) for stage in known.values()]})
        return
    for stage in known.values():
        console.out(*_line(stage, installed))
        for label, items in _brings(stage, offer.catalogue.language):
            console.out(f"      {label}: {items}")
    others = [name for name in installed if name not in known]
    if others:
        console.say(f"And there are: {', '.join(map(printable, others))}.")
    if offer.unread:
        console.say(f"\nOther stages are not shown: {offer.unread}. Try: viscaffold stages --trust")
    if service is None:
        console.say("\nThis is not a service; `viscaffold new NAME --stage STAGE` makes one.")


def _entry(stage: Stage, installed: list[str]) -> dict[str, object]:
    return {
        "name": stage.name,
        "title": stage.title,
        "summary": stage.summary,
        "requires": list(stage.requires),
        "installed": stage.name in installed,
    }


def _line(stage: Stage, installed: list[str]) -> tuple[Part, ...]:
    mark = Styled("*", "green") if stage.name in installed else " "
    return mark, " ", bold(f"{stage.name:<12}"), f" {stage.title}: {stage.summary}"


def _brings(stage: Stage, language: str) -> list[tuple[str, str]]:
    parts = (
        ("requires", stage.requires),
        ("brings", stage.dependencies(language)),
        ("settings", stage.settings(language)),
    )
    return [(label, ", ".join(items)) for label, items in parts if items]
