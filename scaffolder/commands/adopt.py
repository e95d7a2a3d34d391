"""`viscaffold adopt`: a service that exists gets the runtime, and all that can be added later."""

from pathlib import Path

import click

from scaffolder import console, operations, prompts
from scaffolder.adopt.choices import Level, Stand
from scaffolder.adopt.existing import HOME
from scaffolder.errors import UsageError
from scaffolder.operations import Adoption, Asked, UndecidedError
from scaffolder.operations.gate import Wanted
from scaffolder.prompts import BACK
from scaffolder.text import printable

from .change import failures_as_json, options, verify_options
from .change_output import Line, finish
from .consent import Consent

STANDS = [stand.value for stand in Stand]


@click.command(short_help="Adopt a service that exists already.")
@click.argument("path", required=False, default=".", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name of the service (default: as its project).")
@click.option("--app", default="", metavar="MODULE:NAME",
              help="The application, what makes it, or the program that is run.")  # fmt: skip
@click.option("--dockerfile", type=click.Choice(STANDS), help="What becomes of your Dockerfile.")
@click.option("--compose", type=click.Choice(STANDS), help="What becomes of your compose file.")
@click.option("--runtime-only", is_flag=True,
              help="Supervisor, early logging and hooks; nothing of containers.")  # fmt: skip
@click.option("--container-only", is_flag=True,
              help="A hardened image for your own command, and its compose file.")  # fmt: skip
@verify_options
@options
def adopt(  # noqa: PLR0913 - one parameter an option
    *,
    path: Path,
    name: str,
    app: str,
    dockerfile: str | None,
    compose: str | None,
    runtime_only: bool,
    container_only: bool,
    verify: Wanted,
    dry_run: bool,
    as_json: bool,
    trust: Consent,  # noqa: ARG001 - an option of every command that changes a service
) -> int:
    """Adopt the service in the directory PATH (default: this one), which git tracks.

    Looks at its files without running any of them, says what it found, and stages what is added:
    a runtime that starts your application and does not let it die silently, health routes, a
    hardened container, and what later stages and updates are merged from. Your code stays as it is;
    `viscaffold undo` takes all of it back.
    """
    if runtime_only and container_only:
        raise UsageError("--runtime-only and --container-only exclude each other", "neither: all")
    alone = Level.CONTAINER if container_only else Level.WHOLE
    asked = Asked(
        name,
        app,
        Level.RUNTIME if runtime_only else alone,
        Stand(dockerfile) if dockerfile else None,
        Stand(compose) if compose else None,
        verify,
    )
    for line in operations.look(path).lines():
        console.say(f"found {printable(line)}")
    with failures_as_json(as_json):
        done = _adopted(path, asked, dry_run=dry_run)
    return finish(done.change, _titles(done), _steps(done), as_json=as_json)


def _adopted(path: Path, asked: Asked, *, dry_run: bool) -> Adoption:
    """Adopt; on a terminal, ask for what has to be said, with a way back to what was asked."""
    before: list[Asked] = []
    while True:
        try:
            return operations.adopt(path, asked, dry_run=dry_run, report=console.TERMINAL)
        except UndecidedError as error:
            if not console.interactive():
                raise
            if not before and prompts.possible():
                console.say(prompts.WAY_BACK)
            said = _said(error)
            if said is BACK:
                asked = before.pop() if before else asked
            else:
                before.append(asked)
                asked = asked.with_answer(error.field, str(said))


def _said(error: UndecidedError) -> object:
    """Return the answer to what is undecided, or BACK for the question before."""
    if prompts.possible():
        return prompts.one(error.question, error.choices, "")
    return console.ask(error.question, error.choices)


def _titles(done: Adoption) -> list[Line]:
    name = done.change.service.answers["name"]
    verb = "Would adopt" if done.change.planned else "Adopted"
    lines: list[Line] = [(f"{verb} ", console.bold(name), ": your code stays as it is")]
    lines += [(f"  ! {printable(path)}: yours stays, the template's is left out",)
              for path in done.kept]  # fmt: skip
    lines += [(f"  ! {path} of the template is {place} here",)
              for path, place in done.moved.items() if path != HOME]  # fmt: skip
    lines += [(f"  ! all that the template brings is in {done.moved[HOME]}/",)
              for _ in [1] if HOME in done.moved]  # fmt: skip
    return lines


def _steps(done: Adoption) -> list[str]:
    if done.level is Level.CONTAINER:
        return ["docker compose up --build --detach"]
    name = done.change.service.answers["name"]
    install = done.found.install(done.change.command("install"))
    return [install, done.found.run(done.change.command("run"), name)]
