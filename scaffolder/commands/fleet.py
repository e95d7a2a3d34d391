"""`viscaffold fleet`: status and updates of many repositories at once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from .change import trust_option

if TYPE_CHECKING:
    from scaffolder.fleet.outcome import Outcome
    from scaffolder.fleet.work import Job

COLOURS = {
    "current": "green",
    "updated": "green",
    "behind": "yellow",
    "conflict": "red",
    "failed": "red",
}


@click.group(short_help="Status and updates of many repositories at once.")
def fleet() -> None:
    """Look at many repositories at once, or update them: paths of checkouts, or URLs."""


def _options(command: "click.decorators.FC") -> "click.decorators.FC":
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md)."),
        trust_option,
        click.option("--jobs", "-j", type=click.IntRange(1, 64), metavar="N",
                     help="Repositories at a time (default: one a processor)."),
        click.option("--to", "to", multiple=True, metavar="[NAME@]VERSION",
                     help="Version to update to (default: newest)."),
        click.option("--file", "-f", metavar="FILE", help="Read paths and URLs, one a line."),
        click.argument("repositories", nargs=-1, metavar="REPO..."),
    ):  # fmt: skip
        command = option(command)
    return command


@fleet.command(short_help="Tell which repositories are behind.")
@_options
def status(
    *,
    repositories: tuple[str, ...],
    file: str | None,
    to: tuple[str, ...],
    jobs: int | None,
    as_json: bool,
) -> int:
    """Tell for each repository whether its services have the newest template.

    Looks at what is committed, and changes nothing. Exit code 10 if one is behind, 1 if one failed.
    """
    return _run(_jobs(repositories, file, to, update=False, push=False), jobs, as_json=as_json)


@fleet.command(short_help="Update many repositories, each on a branch.")
@click.option("--push", is_flag=True, help="Push the branches, too.")
@_options
def update(  # noqa: PLR0913 - one parameter an option
    *,
    repositories: tuple[str, ...],
    file: str | None,
    to: tuple[str, ...],
    jobs: int | None,
    push: bool,
    as_json: bool,
) -> int:
    """Update the services in each repository, and commit the update to a new branch.

    Starts from the commit that is checked out (for a URL: from its default branch), and touches
    neither checkout nor branches that are there. Exit code 1 if one failed, 3 if one has conflicts:
    these are listed, and left as they were.
    """
    return _run(_jobs(repositories, file, to, update=True, push=push), jobs, as_json=as_json)


def _jobs(
    given: tuple[str, ...], file: str | None, to: tuple[str, ...], *, update: bool, push: bool
) -> list["Job"]:
    from scaffolder import console
    from scaffolder.fleet import repositories
    from scaffolder.fleet.work import Job

    trust = console.trusts()
    return [Job(text, update, to, push, trust) for text in repositories.listed(given, file)]


def _run(jobs: list["Job"], workers: int | None, *, as_json: bool) -> int:
    from scaffolder import console
    from scaffolder.fleet import pool
    from scaffolder.fleet.repositories import shown

    found: list[Outcome] = []
    with console.progress(f"{len(jobs)} repositories"):
        found.extend(pool.outcomes(jobs, workers))
    places = {shown(job.repository): number for number, job in enumerate(jobs)}
    found.sort(key=lambda outcome: places[outcome.repository])
    if as_json:
        console.data({"repositories": [outcome.document() for outcome in found]})
    else:
        _table(found)
    return _code(found)


def _table(found: list["Outcome"]) -> None:
    from collections import Counter

    width = max(len(outcome.repository) for outcome in found)
    for outcome in found:
        state = click.style(f"{outcome.state:<8}", fg=COLOURS[outcome.state])
        click.echo(f"{outcome.repository:<{width}}  {state}  {outcome.note}".rstrip())
    count = Counter(outcome.state for outcome in found)
    click.echo(", ".join(f"{number} {state}" for state, number in sorted(count.items())), err=True)


def _code(found: Iterable["Outcome"]) -> int:
    from scaffolder.errors import ExitCode

    states = {outcome.state for outcome in found}
    for state, code in (
        ("failed", ExitCode.FAILED),
        ("conflict", ExitCode.CONFLICTS),
        ("behind", ExitCode.UPDATE),
    ):
        if state in states:
            return code
    return ExitCode.DONE
