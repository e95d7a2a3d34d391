"""`viscaffold status`: what the service has, what differs from its template, what is under way."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .change import trust_option

if TYPE_CHECKING:
    from scaffolder.project import Project
    from scaffolder.status import Status

SHOWN = 20
"""So many paths are listed for a person; `--json` has them all."""


@click.command(short_help="Show what a service has, and what is under way.")
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def status(*, as_json: bool) -> None:
    """Show the service you are in: its stages, its template, your changes, what is unfinished."""
    from scaffolder import console, growth, project, source
    from scaffolder import status as state
    from scaffolder.engine import git

    root = project.root(Path.cwd())
    repository = git.repository(root)
    if repository:
        growth.recover_if_killed(repository)
    service = project.load(root)
    found = state.status(service, repository)
    newest = source.builtin().version
    if as_json:
        console.data(_document(service, found, newest))
    else:
        _say(service, found, newest)


def _document(service: "Project", found: "Status", newest: str) -> dict[str, object]:
    return {
        "path": str(service.root),
        "name": service.answers["name"],
        "language": service.answers["language"],
        "stages": service.stages,
        "template": {"version": service.source.version, "newest": newest},
        "overlays": [layer.recorded() for layer in service.source.layers],
        "modified": found.modified,
        "missing": [{"path": path, "stage": stage} for path, stage in found.missing.items()],
        "conflicts": found.conflicts,
        "operation": _operation(found),
    }


def _operation(found: "Status") -> dict[str, str] | None:
    if found.operation is None:
        return None
    state = "conflicts" if found.conflicts else "uncommitted"
    return {"command": found.operation.record.title, "state": state}


def _say(service: "Project", found: "Status", newest: str) -> None:
    version = service.source.version
    behind = "" if version == newest else f"; newest: {newest} (viscaffold update)"
    click.echo(f"{click.style(service.answers['name'], bold=True)} in {service.root}")
    click.echo(f"Stages: {', '.join(service.stages) or 'none'} (viscaffold stages)")
    click.echo(f"Template: {version}{behind}")
    for layer in service.source.layers:
        click.echo(f"  {layer.source}: {layer.shown}")
    _list("Changed by you since it was generated", found.modified)
    missing = [f"{path} ({stage})" if stage else path for path, stage in found.missing.items()]
    _list("Missing", missing)
    _list("In conflict", found.conflicts)
    if found.operation is None:
        return
    record = found.operation.record
    if found.conflicts:
        click.echo(f"Unfinished: viscaffold {record.title}")
        click.echo(f"  viscaffold {record.command} --continue, when the conflicts are settled")
        click.echo(f"  viscaffold {record.command} --abort, to go back")
    else:
        click.echo(f"Not committed: viscaffold {record.title} (viscaffold undo takes it back)")


def _list(title: str, paths: list[str]) -> None:
    if not paths:
        return
    click.echo(f"{title}:")
    for path in paths[:SHOWN]:
        click.echo(f"  {path}")
    if len(paths) > SHOWN:
        click.echo(f"  and {len(paths) - SHOWN} more (--json lists them)")
