"""`viscaffold new`: a service that runs at once, as a git repository with one commit."""

import os
from dataclasses import replace
from pathlib import Path

import click

from scaffolder import console, operations, prompts
from scaffolder.errors import ExitCode, UsageError
from scaffolder.operations import Created, Preset, presets
from scaffolder.templates import questions
from scaffolder.text import printable, quoted
from scaffolder.verify.outcome import Level

from . import interview
from .change import LEVELS, answered, options
from .completion import complete_preset, complete_stage, language_option
from .consent import Consent
from .verification_output import say_all


@click.command(short_help="Make a service.")
@click.argument("name_or_path", required=False)
@language_option
@click.option("--stage", "-s", "stages", multiple=True, metavar="STAGE",
              shell_complete=complete_stage, help="Start with this stage; repeatable.")  # fmt: skip
@click.option("--answer", "-a", "pairs", multiple=True, metavar="QUESTION=VALUE",
              help="Answer a question of the template, e.g. ci=gitlab; repeatable.")  # fmt: skip
@click.option("--template", "-t", "sources", multiple=True, metavar="SOURCE[@VERSION]",
              help="Lay a team's template over the built-in one; repeatable.")  # fmt: skip
@click.option("--preset", metavar="FILE|NAME", shell_complete=complete_preset,
              help="Begin with what a preset in YAML says; other options outweigh it.")  # fmt: skip
@click.option("--like", metavar="SERVICE", type=click.Path(),
              help="Begin with what another service has; other options outweigh it.")  # fmt: skip
@click.option("--no-git", is_flag=True, help="Make no git repository and no commit.")
@click.option("--verify", type=click.Choice(LEVELS), help="Verify the service when it is made.")
@options
def new(  # noqa: PLR0913 - one parameter an option
    *,
    name_or_path: str | None,
    language: str,
    stages: tuple[str, ...],
    pairs: tuple[str, ...],
    sources: tuple[str, ...],
    preset: str | None,
    like: str | None,
    no_git: bool,
    verify: str | None,
    dry_run: bool,
    as_json: bool,
    trust: Consent,
) -> int:
    """Make a service in the directory NAME_OR_PATH, which is new, empty or just set up.

    The service is called like the directory; on a terminal, without one, you are led through name,
    language and stages. Nothing else is asked for that has a default. A clone of an
    empty repository, a README, LICENSE or .gitignore, hidden files and a virtual environment may be
    there; none of your files is replaced.
    """
    answers = questions.parsed(pairs)
    answers |= {"language": language} if language else {}
    wanted = _begun(preset, like, trust).overlaid(stages, answers, sources)
    path, wanted = _asked(name_or_path, wanted, trust)
    target, answers = _target(path), {**wanted.answers}
    try:
        made = answered(
            answers,
            lambda: operations.create(
                target,
                stages=wanted.stages,
                answers=answers,
                templates=wanted.templates,
                git=not no_git,
                dry_run=dry_run,
                verify=Level(verify) if verify else None,
                trust=trust,
                report=console.TERMINAL,
            ),
        )
    except questions.AnswerError as error:
        raise wanted.located(error) from None
    if made.diff is not None:
        _show_plan(made, made.diff, as_json=as_json)
        return ExitCode.DONE
    failed = made.verification and made.verification.failed
    code = ExitCode.NOT_VERIFIED if failed else ExitCode.DONE
    if as_json:
        with console.reporting():
            console.data(made.document())
        return code
    console.say(f"Made {target.name} in {target}" + (", one commit" if made.commit else ""))
    _say_kept(made.kept)
    for line in made.warnings:
        console.warn(line)
    if preset or like:
        again = interview.again(target.name, replace(wanted, answers=answers))
        console.say(f"The same again: {again}")
    if made.verification:
        say_all(made.verification)
    console.next_steps(_next_steps(made))
    return code


def _begun(preset: str | None, like: str | None, trust: Consent) -> Preset:
    """Return what the service begins with, before what else was typed."""
    if preset is not None and like is not None:
        raise UsageError("--preset and --like exclude each other", "take one of them")
    if preset == "":
        raise UsageError("--preset names none", "viscaffold new NAME --preset FILE")
    if like == "":  # would be the directory that this one is
        raise UsageError("--like names no service", "viscaffold new NAME --like PATH")
    if like:
        return presets.like(Path(like), trust)
    return presets.read(preset) if preset else Preset()


def _show_plan(made: Created, diff: bytes, *, as_json: bool) -> None:
    if as_json:
        console.data(made.document())
        return
    console.say(f"Would make {made.path.name} in {made.path}")
    for path in sorted({*made.files} - {*made.kept}):
        console.say("  ", console.Styled("A", "green"), f" {printable(path)}")
    _say_kept(made.kept)
    for line in made.warnings:
        console.warn(line)
    console.say(f"The tree would be {made.tree}. Nothing was written.")
    console.patch(diff)


def _say_kept(paths: list[str]) -> None:
    for path in paths:
        console.say(f"  ! {printable(path)}: yours stays, the template's is left out")


def _asked(path: str | None, wanted: Preset, trust: Consent) -> tuple[str, Preset]:
    """Return where to make it, and with what, having asked for what is missing."""
    if prompts.possible():
        return interview.completed(path, wanted, trust)
    if path is not None:
        return path, wanted
    if not console.interactive():
        raise UsageError(
            "NAME_OR_PATH is missing, and there is no terminal to ask on", "viscaffold new orders"
        )
    return console.ask("Name of the service"), wanted


def _target(path: str) -> Path:
    """Return the absolute directory."""
    # Neither `Path.resolve`, which would follow links, nor an empty path, which would be this one.
    return Path(os.path.abspath(path)) if path else Path()  # noqa: PTH100


def _next_steps(made: Created) -> list[str]:
    here = os.path.relpath(made.path)
    steps = [f"cd {quoted(here)}"] if here != "." else []
    grow = "viscaffold add-stage auth     (see them all: viscaffold stages)"
    if "auth" in made.answers["stages"]:
        grow = "viscaffold stages      (what else can be added)"
    steps += [
        made.command("setup"),
        f"{made.command('run')}      (then: curl localhost:8080/health)",
        grow,
    ]
    return [*steps, "git commit     (everything is staged)"] if made.staged else steps
