"""`viscaffold template`: templates for teams are made, checked and exported."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .change import trust_option

if TYPE_CHECKING:
    from scaffolder.overlays.layers import Overlay
    from scaffolder.testkit.results import Result
    from scaffolder.testkit.subject import Subject

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


@click.group(short_help="Make, check and export a team's template.")
def template() -> None:
    """Make, check and export a team's template: a folder laid over the built-in one."""


@template.command(short_help="Write a small working template.")
@click.argument("directory", metavar="DIR")
@json_option
def init(*, directory: str, as_json: bool) -> None:
    """Write a small working template into the new or empty directory DIR."""
    from scaffolder import console
    from scaffolder.overlays import starting

    target = Path(directory).absolute()
    paths = starting.write(target)
    if as_json:
        console.data({"path": str(target), "files": paths})
        return
    console.say(f"Made the template {target.name} in {target}, with one stage and its tests")
    console.next_steps(
        [
            f"viscaffold template check {directory}",
            f"viscaffold new orders --template {directory} --stage greeting",
            "put your own files in: README.md says where they go",
        ]
    )


@template.command(short_help="Render and test every combination of stages.")
@click.argument("directory", metavar="DIR")
@click.option("--quick", is_flag=True, help="Render only; run no services.")
@click.option("--environment", metavar="VENV",
              help="Run services in this virtual environment instead of making one.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question for the services; repeatable.")  # fmt: skip
@json_option
def check(
    *, directory: str, quick: bool, environment: str | None, pairs: tuple[str, ...], as_json: bool
) -> int:
    """Check the template in DIR: renders of every stage alone, every pair and all; then services.

    Each service runs its own tests, lint, format and types, so this runs code of the template.
    Exit code 1 means that a check failed.
    """
    from scaffolder import console
    from scaffolder.errors import ExitCode
    from scaffolder.overlays import layers, origin, sources

    overlay = layers.given(origin.parse(str(sources.directory(directory))))
    found = []
    for result in _results(overlay, pairs, environment, quick=quick):
        found.append(result)
        if not as_json:
            _say(result)
    failed = [result for result in found if result.problems]
    if as_json:
        console.data(
            {
                "template": {"name": overlay.name, **overlay.layer.recorded()},
                "passed": not failed,
                "checks": [
                    {
                        "check": result.check,
                        "stages": result.stages,
                        "passed": not result.problems,
                        "problems": result.problems,
                        "seconds": round(result.seconds, 2),
                    }
                    for result in found
                ],
            }
        )
    else:
        end = f"{len(failed)} of {len(found)} failed" if failed else f"{len(found)} passed"
        console.say(f"{overlay.name}: {end}")
    return ExitCode.FAILED if failed else ExitCode.DONE


def _results(
    overlay: "Overlay", pairs: Sequence[str], environment: str | None, *, quick: bool
) -> Iterator["Result"]:
    from scaffolder.testkit import growing, renders
    from scaffolder.testkit.subject import Subject

    subject = Subject(overlay)
    subject.answer(pairs)
    rendered = list(renders.check(subject))
    yield from rendered
    if any(
        result.problems for result in rendered if result.check == "render" or "=" in result.check
    ):
        return  # nothing to grow or run
    yield from growing.check(subject)
    if not quick:
        yield from _services(subject, environment)


def _services(subject: "Subject", environment: str | None) -> Iterator["Result"]:
    from scaffolder import console
    from scaffolder.testkit import combinations, services
    from scaffolder.testkit import environment as environments

    if environment:
        python = environments.given(Path(environment))
    else:
        every = combinations.all_sets(subject.catalogue)[-1]
        with console.progress("making an environment for the services"):
            python = environments.made(subject.tree(every))
    with console.progress("running the services"):
        yield from services.check(subject, python)


def _say(result: "Result") -> None:
    from scaffolder import console

    failed = click.style("FAIL", fg="red", bold=True)
    mark = failed if result.problems else click.style("ok  ", fg="green")
    console.say(f"{mark} {result.title}  ({result.seconds:.1f} s)")
    for problem in result.problems:
        for line in problem.splitlines():
            console.say(f"       {line}")


@template.command(short_help="Write it as a plain Copier template.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE[@VERSION]...")
@click.option("--output", "-o", required=True, metavar="DIR", help="Where to write it.")
@click.option("--replace", is_flag=True, help="Replace the template that is in DIR.")
@trust_option
@json_option
def export(*, sources: tuple[str, ...], output: str, replace: bool, as_json: bool) -> None:
    """Write the built-in template with SOURCE... laid over it, as a template for stock Copier.

    `copier copy`, pytest-copie and Renovate's Copier manager work on it. Other files in DIR stay,
    so that it can be a repository of its own.
    """
    from scaffolder import console
    from scaffolder.overlays import exporting, versions
    from scaffolder.overlays import sources as templates

    target = Path(output).absolute()
    flattened = templates.asked(sources)
    count = exporting.write(flattened, target, replace=replace)
    if as_json:
        recorded = [layer.recorded() for layer in flattened.layers]
        about = {"version": flattened.version, "overlays": recorded}
        console.data({"path": str(target), "files": count, **about})
        return
    console.say(f"Wrote {count} files to {target}: {versions.current(flattened)}")
    console.next_steps(
        [
            f"cd {output} && git init && git add --all && git commit -m Export",
            "git tag 1.0",
            "copier copy . ../orders",
        ]
    )
