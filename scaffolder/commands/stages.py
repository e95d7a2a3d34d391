"""`viscaffold stages`: what can be added, what is there, and what each brings."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .change import trust_option

if TYPE_CHECKING:
    from scaffolder.catalogue import Stage


@click.command(short_help="List the stages, and which are there.")
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def stages(*, as_json: bool) -> None:
    """List the stages: what each brings, and which of them this service has."""
    from scaffolder import catalogue, console, project
    from scaffolder.overlays import sources

    here = Path.cwd()
    service = project.load(here) if project.find(here) else None
    known = service.catalogue if service else catalogue.load(sources.asked(()).root)
    installed = service.stages if service else []
    if as_json:
        console.data({"stages": [_entry(stage, installed) for stage in known.stages.values()]})
        return
    for stage in known.stages.values():
        click.echo(_line(stage, installed))
        for label, items in _brings(stage, service.answers["language"] if service else "python"):
            click.echo(f"      {label}: {items}")
    if service is None:
        console.say("\nThis is no service; `viscaffold new NAME --stage STAGE` makes one.")


def _entry(stage: "Stage", installed: list[str]) -> dict[str, object]:
    return {
        "name": stage.name,
        "title": stage.title,
        "summary": stage.summary,
        "requires": list(stage.requires),
        "installed": stage.name in installed,
    }


def _line(stage: "Stage", installed: list[str]) -> str:
    mark = click.style("*", fg="green") if stage.name in installed else " "
    return f"{mark} {click.style(f'{stage.name:<12}', bold=True)} {stage.title}: {stage.summary}"


def _brings(stage: "Stage", language: str) -> list[tuple[str, str]]:
    parts = (
        ("requires", stage.requires),
        ("brings", stage.dependencies(language)),
        ("settings", stage.settings(language)),
    )
    return [(label, ", ".join(items)) for label, items in parts if items]
