"""`viscaffold add-stage`: one more capability, merged into the service and staged for a commit."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .completion import complete_stage

if TYPE_CHECKING:
    from scaffolder.catalogue import Catalogue, Stage
    from scaffolder.merge import Merge
    from scaffolder.project import Project


@click.command("add-stage", short_help="Add stages to a service.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_stage)
@click.option("--dry-run", "-n", is_flag=True, help="Show the plan and the diff; write nothing.")
@click.option("--yes", "-y", is_flag=True, help="Accept every confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def add_stage(
    *,
    names: tuple[str, ...],
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> int:
    """Add the stages NAME... and those that they require to the service you are in.

    The change is merged with yours and staged, ready to commit. Exit code 3 means that it is in
    place but for conflicts, which are marked and listed.
    """
    from scaffolder import apply, catalogue, console, growth, preflight, project, source
    from scaffolder.errors import ExitCode

    template = source.builtin()
    known = catalogue.load(template.root)
    service = project.load(Path.cwd(), template, known)
    wanted = known.closure({*service.stages, *names})
    added = [name for name in wanted if name not in service.stages]
    if not added:
        console.say(f"Already there: {', '.join(sorted(set(names)))}. Nothing to do.")
        if as_json:
            console.data(_report(service, [], None, None))
        return ExitCode.DONE
    repository = growth.repository(service)
    label = "stage/" + "+".join(added)
    answers = service.with_stages(wanted)
    with (
        console.progress(f"adding {', '.join(added)}"),
        growth.planned(service, repository, template, answers, label) as merge,
    ):
        diff = back = None
        if dry_run:
            preflight.check(repository, merge)
            diff = merge.diff(colour=_colour(as_json=as_json))
        else:
            back = growth.way_back(repository, merge)
            apply.apply(repository, merge)
    if as_json:
        console.data(_report(service, added, merge, diff))
    else:
        _say_plan(merge, added, names, known, dry_run=dry_run)
        if diff is not None:
            click.echo(diff, nl=False)
        else:
            _say_next(merge, service, [known.stages[name] for name in added])
            console.say(f"To take it all back while it is not committed: {back}")
    return ExitCode.CONFLICTS if merge.conflicts else ExitCode.DONE


def _colour(*, as_json: bool) -> bool:
    import sys

    from scaffolder import console

    return not as_json and sys.stdout.isatty() and console.wants_colour() is not False


def _report(
    service: "Project", added: list[str], merge: "Merge | None", diff: str | None
) -> dict[str, object]:
    """Return what `--json` prints; `merge` is None when there was nothing to do."""
    changes = merge.changes if merge else []
    conflicts = merge.conflicts if merge else []
    return {
        "added": added,
        "stages": sorted([*service.stages, *added]),
        "files": [{"path": change.path, "change": change.kind} for change in changes],
        "conflicts": [{"path": item.path, "reason": item.reason} for item in conflicts],
        "kept_deleted": merge.kept_deleted if merge else [],
        "notes": merge.notes if merge else [],
        "tree": merge.result if merge else None,
        "diff": diff,
    }


def _say_plan(
    merge: "Merge", added: list[str], names: tuple[str, ...], known: "Catalogue", *, dry_run: bool
) -> None:
    from scaffolder import console

    verb = "Would add" if dry_run else "Added"
    for name in added:
        stage = known.stages[name]
        because = "" if name in names else " (required)"
        console.say(f"{verb} {click.style(name, bold=True)}{because}: {stage.summary}")
    signs = {"add": click.style("A", fg="green"), "modify": click.style("M", fg="yellow"),
             "delete": click.style("D", fg="red")}  # fmt: skip
    conflicted = {conflict.path for conflict in merge.conflicts}
    for change in merge.changes:
        if change.path not in conflicted:
            console.say(f"  {signs[change.kind]} {change.path}")
    for conflict in merge.conflicts:
        console.say(f"  {click.style('C', fg='red', bold=True)} {conflict.path}: {conflict.reason}")
    for path in merge.kept_deleted:
        console.say(f"  - {path}: you deleted it, and it stays deleted")
    for note in merge.notes:
        console.say(f"  ! {note}")
    if dry_run:
        console.say(f"The tree would be {merge.result}. Nothing was written.")


def _say_next(merge: "Merge", service: "Project", stages: list["Stage"]) -> None:
    import os
    import shlex

    from scaffolder import console

    language = service.answers["language"]
    settings = [name for stage in stages for name in stage.settings(language)]
    if settings:
        console.say(f"New settings, all with defaults: {', '.join(settings)} (README.md)")
    here = os.path.relpath(service.root)
    steps = [] if here == "." else [f"cd {shlex.quote(here)}"]
    if merge.conflicts:
        listed = shlex.join(conflict.path for conflict in merge.conflicts)
        steps += ["settle the conflicts: edit the files, or git mergetool", f"git add {listed}"]
    else:
        steps += ["git diff --staged"]
    if any(stage.dependencies(language) for stage in stages):
        steps += [".venv/bin/pip install -e . --group dev"]
    title = " and ".join(stage.name for stage in stages)
    console.next_steps([*steps, ".venv/bin/python -m pytest", f'git commit -m "Add {title}"'])
