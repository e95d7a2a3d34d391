"""`viscaffold template`: templates for teams are made, checked and exported."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from scaffolder import console
from scaffolder.errors import ExitCode, UsageError
from scaffolder.languages.all import DEFAULT
from scaffolder.overlays import export as export_template
from scaffolder.overlays import init as overlay_template
from scaffolder.overlays import layers, resolve, versions
from scaffolder.overlays.fetch import origin
from scaffolder.overlays.fetch.trust import NEVER
from scaffolder.overlays.layers import Overlay
from scaffolder.testkit import combinations, environment, growing, renders, services, stage_steps
from scaffolder.testkit.results import Result
from scaffolder.testkit.subject import Subject
from scaffolder.testkit.subject import languages as languages_of
from scaffolder.text import quoted

from .completion import language_option
from .consent import Consent, trust_option

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


@click.group(short_help="Make, check and export a team's template.")
def template() -> None:
    """Make, check and export a team's template: a folder laid over the built-in one."""


@template.command(short_help="Write a small working template.")
@click.argument("directory", metavar="DIR")
@language_option
@json_option
def init(*, directory: str, language: str, as_json: bool) -> None:
    """Write a small working template into the new or empty directory DIR."""
    target = Path(directory).absolute()
    paths = overlay_template.write(target, language or DEFAULT)
    if as_json:
        with console.reporting():
            console.data({"path": str(target), "files": paths})
        return
    console.say(f"Made the template {target.name} in {target}, with one stage and its tests")
    flag = f" --language {language}" if language else ""
    console.next_steps(
        [
            f"viscaffold template check {quoted(directory)}",
            f"viscaffold new orders{flag} --template {quoted(directory)} --stage greeting",
            "put your own files in: README.md says where they go",
        ]
    )


@template.command(short_help="Render and test every combination of stages.")
@click.argument("directory", metavar="DIR")
@click.option("--quick", is_flag=True, help="Render only; run no services.")
@click.option("--environment", "chosen", metavar="DIR",
              help="Run services in this environment instead of making one.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question for the services; repeatable.")  # fmt: skip
@language_option
@json_option
def check(  # noqa: PLR0913 - one parameter an option
    *,
    directory: str,
    quick: bool,
    chosen: str | None,
    pairs: tuple[str, ...],
    language: str,
    as_json: bool,
) -> int:
    """Check the template in DIR: renders of each stage, partners and all; then services.

    They are in each language that it has something for. Each service runs its own tests, lint and
    other checks, so this runs code of the template. Exit code 1 means that a check failed.
    """
    overlay = layers.given(origin.parse(str(resolve.directory(directory))), NEVER)
    languages = languages_of(overlay, language)
    if chosen and len(languages) > 1:
        raise UsageError("an environment is for one language", f"--language {languages[0]}")
    # One that is none is refused before minutes of checks.
    place = (
        environment.given(Path(chosen), Subject(overlay, languages[0]).tools)
        if chosen and not quick
        else None
    )
    found: list[tuple[str, Result]] = []
    for name in languages:
        for result in _results(Subject(overlay, name), pairs, place, quick=quick):
            found.append((name, result))
            if not as_json:
                _say(result, name if len(languages) > 1 else "")
    failed = [result for _, result in found if result.problems]
    if as_json:
        console.data(_document(overlay, found))
    else:
        end = f"{len(failed)} of {len(found)} failed" if failed else f"{len(found)} passed"
        console.say(f"{overlay.name}: {end}")
    return ExitCode.FAILED if failed else ExitCode.DONE


def _document(overlay: Overlay, found: list[tuple[str, Result]]) -> dict[str, object]:
    """Return what a check found, as docs/json.md describes it."""
    checks = [
        {
            "check": result.check,
            "language": language,
            "stages": result.stages,
            "passed": not result.problems,
            "problems": result.problems,
            "seconds": round(result.seconds, 2),
        }
        for language, result in found
    ]
    return {
        "template": {"name": overlay.name, **overlay.layer.entry()},
        "passed": all(check["passed"] for check in checks),
        "checks": checks,
    }


def _results(
    subject: Subject, pairs: Sequence[str], place: Path | None, *, quick: bool
) -> Iterator[Result]:
    subject.answer(pairs)
    rendered = list(renders.check(subject))
    yield from rendered
    if any(
        result.problems for result in rendered if result.check == "render" or "=" in result.check
    ):
        return  # nothing to grow or run
    yield from growing.check(subject)
    if not quick:
        yield from _services(subject, place)


def _services(subject: Subject, place: Path | None) -> Iterator[Result]:
    if place is None:
        every = combinations.all_sets(subject.catalogue)[-1]
        with console.progress("making an environment for the services"):
            place = environment.made(subject.tree(every), subject.tools)
    with console.progress("running the services"):
        yield from services.check(subject, place)
        yield from stage_steps.check(subject, place)


def _say(result: Result, language: str) -> None:
    failed = console.Styled("FAIL", "red", bold=True)
    mark = failed if result.problems else console.Styled("ok  ", "green")
    where = f" {language:<6}" if language else ""
    console.say(mark, f"{where} {result.title}  ({result.seconds:.1f} s)")
    for problem in result.problems:
        for line in problem.splitlines():
            console.say(f"       {line}")


@template.command(short_help="Write it as a plain Copier template.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE[@VERSION]...")
@click.option("--output", "-o", required=True, metavar="DIR", help="Where to write it.")
@click.option("--replace", is_flag=True, help="Replace the template that is in DIR.")
@trust_option
@json_option
def export(
    *, sources: tuple[str, ...], output: str, replace: bool, as_json: bool, trust: Consent
) -> None:
    """Write the built-in template with SOURCE... laid over it, as a template for stock Copier.

    `copier copy` and tools that know Copier, such as Renovate, work on it. Other files in DIR stay,
    so that it can be a repository of its own.
    """
    target = Path(output).absolute()
    flattened = resolve.asked(sources, trust)
    count = export_template.write(flattened, target, replace=replace)
    if as_json:
        recorded = [layer.entry() for layer in flattened.layers]
        about = {"version": flattened.version, "overlays": recorded}
        with console.reporting():
            console.data({"path": str(target), "files": count, **about})
        return
    console.say(f"Wrote {count} files to {target}: {versions.current(flattened)}")
    console.next_steps(
        [
            f"cd {quoted(output)} && git init && git add --all && git commit -m Export",
            "git tag 1.0",
            "copier copy . ../orders",
        ]
    )
