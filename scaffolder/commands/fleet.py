"""`viscaffold fleet`: status and updates of many repositories at once."""

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace

import click

from scaffolder import console
from scaffolder.errors import ExitCode, UsageError
from scaffolder.fleet import JOB_SECONDS, pool, repositories
from scaffolder.fleet.outcome import Outcome
from scaffolder.fleet.work import Job
from scaffolder.operations.gate import Wanted
from scaffolder.text import shown

from .change import verify_options
from .consent import Consent, trust_option

COLORS = {
    "current": "green",
    "updated": "green",
    "behind": "yellow",
    "conflict": "red",
    "unverified": "red",
    "failed": "red",
    "interrupted": "yellow",
}


@click.group(short_help="Status and updates of many repositories at once.")
def fleet() -> None:
    """Look at many repositories at once, or update them: paths of checkouts, or URLs."""


def _options(command: "click.decorators.FC") -> "click.decorators.FC":
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md)."),
        trust_option,
        click.option("--timeout", "seconds", type=click.IntRange(1, 86400), default=JOB_SECONDS,
                     metavar="SECONDS",
                     help=f"Give up a repository after so long (default: {JOB_SECONDS})."),
        click.option("--jobs", "-j", type=click.IntRange(1, 64), metavar="N",
                     help="Repositories at a time (default: one a processor)."),
        click.option("--to", "to", multiple=True, metavar="[NAME@]VERSION",
                     help="Version to update to (default: newest)."),
        click.option("--file", "-f", metavar="FILE", help="Read paths and URLs, one a line."),
        click.argument("given", nargs=-1, metavar="REPO..."),
    ):  # fmt: skip
        command = option(command)
    return command


@fleet.command(short_help="Tell which repositories are behind.")
@_options
def status(  # noqa: PLR0913 - one parameter an option
    *,
    given: tuple[str, ...],
    file: str | None,
    to: tuple[str, ...],
    jobs: int | None,
    seconds: int,
    as_json: bool,
    trust: Consent,
) -> int:
    """Tell for each repository whether its services have the newest template.

    Looks at what is committed, and changes nothing. Exit code 10 if one is behind, 1 if one failed.
    """
    asked = Job("", update=False, to=to, trusted=trust.given)
    return _run(_jobs(given, file, asked), jobs, seconds, as_json=as_json)


@fleet.command(short_help="Update many repositories, each on a branch.")
@click.option("--push", is_flag=True, help="Push the branches, too.")
@verify_options
@_options
def update(  # noqa: PLR0913 - one parameter an option
    *,
    given: tuple[str, ...],
    file: str | None,
    to: tuple[str, ...],
    jobs: int | None,
    seconds: int,
    push: bool,
    verify: Wanted,
    as_json: bool,
    trust: Consent,
) -> int:
    """Update the services in each repository, and commit the update to a new branch.

    Starts from the commit that is checked out (for a URL: from its default branch), and touches
    neither checkout nor branches that are there. With --trust, what the services become is verified
    first, which runs the code in them; the commit's message says what was seen. Exit code 1 if one
    failed, 4 if one did not pass its verification, 3 if one has conflicts: these are listed, and
    left as they were.
    """
    asked = Job("", update=True, to=to, push=push, trusted=trust.given, verify=verify)
    return _run(_jobs(given, file, asked), jobs, seconds, as_json=as_json)


def _jobs(given: tuple[str, ...], file: str | None, asked: Job) -> list[Job]:
    """Return a job for each repository, which is otherwise as `asked`."""
    listed = repositories.listed(given, _text(file) if file else "")
    return [replace(asked, repository=text) for text in listed]


def _text(file: str) -> str:
    """Return what a file holds, or stdin for `-`."""
    try:
        with click.open_file(file, encoding="utf-8") as opened:
            return str(opened.read())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(file)} cannot be read: {error}") from error


def _run(jobs: list[Job], workers: int | None, seconds: int, *, as_json: bool) -> int:
    found, interrupted = _outcomes(jobs, workers, seconds)
    with console.reporting() if jobs[0].update else nullcontext():
        if as_json:
            console.data({"repositories": [outcome.document() for outcome in found]})
        else:
            _table(found)
    return ExitCode.INTERRUPTED if interrupted else _code(found)


def _outcomes(jobs: list[Job], workers: int | None, seconds: int) -> tuple[list[Outcome], bool]:
    """Return what became of each job, in their order, and whether the run was interrupted."""
    found: dict[str, Outcome] = {}
    interrupted = False
    try:
        with console.progress(f"{len(jobs)} repositories"):
            for outcome in pool.outcomes(jobs, workers, seconds):
                found[outcome.repository] = outcome
    except KeyboardInterrupt:
        interrupted = True
    names = dict.fromkeys(repositories.shown(job.repository) for job in jobs)
    left = "nothing was done yet"
    return [found.get(n) or Outcome(n, "interrupted", reason=left) for n in names], interrupted


def _table(found: list[Outcome]) -> None:
    width = max(len(outcome.repository) for outcome in found)
    for outcome in found:
        state = console.Styled(f"{outcome.state:<8}", COLORS[outcome.state])
        first, *more = outcome.note.split("\n")
        console.out(f"{outcome.repository:<{width}}  ", state, f"  {first}".rstrip())
        for line in more:
            console.out(f"{'':<{width + 12}}{line}")
    count = Counter(outcome.state for outcome in found)
    console.say(", ".join(f"{number} {state}" for state, number in sorted(count.items())))


def _code(found: Iterable[Outcome]) -> int:
    states = {outcome.state for outcome in found}
    for state, code in (
        ("failed", ExitCode.FAILED),
        ("unverified", ExitCode.NOT_VERIFIED),
        ("conflict", ExitCode.CONFLICTS),
        ("behind", ExitCode.UPDATE),
    ):
        if state in states:
            return code
    return ExitCode.DONE
