"""`viscaffold new`: a service that runs at once, as a git repository with one commit."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .change import options, print_patch
from .completion import complete_stage

if TYPE_CHECKING:
    from scaffolder.source import Source


@click.command(short_help="Make a service.")
@click.argument("name_or_path", required=False)
@click.option("--language", metavar="LANGUAGE", help="Language of the service (default: python).")
@click.option("--stage", "-s", "stages", multiple=True, metavar="STAGE",
              shell_complete=complete_stage, help="Start with this stage; repeatable.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question of the template, e.g. ci=gitlab; repeatable.")  # fmt: skip
@click.option("--template", "-t", "sources", multiple=True, metavar="SOURCE[@VERSION]",
              help="Lay a team's template over the built-in one; repeatable.")  # fmt: skip
@click.option("--no-git", is_flag=True, help="Make no git repository and no commit.")
@options
def new(  # noqa: PLR0913 - one parameter an option
    *,
    name_or_path: str | None,
    language: str | None,
    stages: tuple[str, ...],
    pairs: tuple[str, ...],
    sources: tuple[str, ...],
    no_git: bool,
    dry_run: bool,
    yes: bool,  # noqa: ARG001 - every command that changes something takes it
    as_json: bool,
) -> None:
    """Make a service in the new or empty directory NAME_OR_PATH.

    Asks for nothing that has a default. The service is called like the directory.
    """
    target = _target(_ask() if name_or_path is None else name_or_path)

    from scaffolder import console, creation, project
    from scaffolder.engine import git
    from scaffolder.overlays import sources as templates

    template = templates.asked(sources)
    answers = _answers(template, target.name, language, stages, pairs)
    creation.require_free(target)
    within = None if no_git else creation.enclosing(target)
    message = f"Start {target.name}, made with viscaffold {template.version}"
    commit = "" if no_git or within else message
    if dry_run:
        _show(target, template, answers, as_json=as_json)
        return
    with console.progress(f"making {target.name}"):
        creation.create(template, answers, target, commit=commit, within=within)
    if as_json:
        recorded = project.load(target).answers
        version = _version(template)
        oid = git.Git(target).line("rev-parse", "HEAD") if commit else None
        console.data({"path": str(target), **recorded, "template": version, "commit": oid})
        return
    console.say(f"Made {target.name} in {target}" + (", one commit" if commit else ""))
    templates.warn_of_directories(template)
    if name_or_path is None:
        again = _command(target.name, language, stages, pairs, sources)
        console.say(f"The same again: {again}")
    console.next_steps(_next_steps(target, staged=within is not None))


def _show(target: Path, template: "Source", answers: dict[str, Any], *, as_json: bool) -> None:
    from scaffolder import console, creation

    with console.progress(f"planning {target.name}"):
        plan = creation.preview(template, answers)
    if as_json:
        version = _version(template)
        diff = plan.diff.decode(errors="surrogateescape")
        console.data({"path": str(target), **plan.answers, "template": version, "commit": None,
                      "files": plan.paths, "tree": plan.tree, "diff": diff})  # fmt: skip
        return
    console.say(f"Would make {target.name} in {target}")
    for path in plan.paths:
        console.say(f"  {click.style('A', fg='green')} {path}")
    console.say(f"The tree would be {plan.tree}. Nothing was written.")
    print_patch(plan.diff)


def _ask() -> str:
    if not sys.stdin.isatty():
        from scaffolder.errors import UsageError

        raise UsageError("NAME_OR_PATH is missing, and nobody to ask", "viscaffold new orders")
    return str(click.prompt("Name of the service", err=True))


def _target(path: str) -> Path:
    """Return the absolute directory; raise UsageError if a service cannot be called like it."""
    from scaffolder import names

    # Neither `Path.resolve`, which would follow links, nor an empty path, which would be this one.
    target = Path(os.path.abspath(path)) if path else Path()  # noqa: PTH100
    names.check(target.name)
    return target


def _answers(
    template: "Source",
    name: str,
    language: str | None,
    stages: tuple[str, ...],
    pairs: tuple[str, ...],
) -> dict[str, Any]:
    """Return the answers given, checked; the template has defaults for the others."""
    from scaffolder import catalogue, questions

    known = questions.load(template.root)
    given = [*pairs, *([f"language={language}"] if language else [])]
    answers = questions.complete(
        questions.answers(given, known, questions.fixed(template.root)), known
    )
    answers["stages"] = catalogue.load(template.root).chosen(stages)
    return {"name": name, **answers}


def _version(template: "Source") -> dict[str, Any]:
    layers = [layer.recorded() for layer in template.layers]
    return {"name": template.name, "version": template.version, "overlays": layers}


def _command(
    name: str,
    language: str | None,
    stages: tuple[str, ...],
    pairs: tuple[str, ...],
    sources: tuple[str, ...],
) -> str:
    import shlex

    words = ["viscaffold", "new", name]
    words += ["--language", language] if language else []
    for stage in stages:
        words += ["--stage", stage]
    for pair in pairs:
        words += ["--answer", pair]
    for source in sources:
        words += ["--template", source]
    return shlex.join(words)


def _next_steps(target: Path, *, staged: bool) -> list[str]:
    import shlex

    from scaffolder.names import package

    here = os.path.relpath(target)
    steps = [f"cd {shlex.quote(here)}"] if here != "." else []
    steps += [
        "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install -e . --group dev",
        f".venv/bin/python -m {package(target.name)}      (then: curl localhost:8080/health)",
        "viscaffold add-stage auth     (see them all: viscaffold stages)",
    ]
    return [*steps, "git commit     (everything is staged)"] if staged else steps
