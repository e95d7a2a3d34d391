"""Services pass their own tests, lint, format and types, for every set of stages that matters."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine.trees import write_files
from scaffolder.languages.toolchain import Check

from . import combinations
from .results import Result, timed
from .subject import Subject

SECONDS = 900
"""A tool that takes longer hangs."""

LINES = 40
"""How many of the last lines of a tool's output are shown."""

Roots = Mapping[tuple[str, ...], Path]


def check(subject: Subject, environment: Path) -> Iterator[Result]:
    """Run every tool in every service; one more at a time than processors, for tests wait a lot."""
    sets = combinations.own_sets(subject.catalogue, subject.own)
    checks = subject.toolchain.checks.items()
    with (
        temporary.directory() as place,
        ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as pool,
    ):
        roots = {stages: _written(subject, stages, Path(place)) for stages in sets}
        variables = {**os.environ, **subject.tools.variables(environment), "NO_COLOR": "1"}
        one = partial(_checked, subject, variables, Path(place, "cache"))
        in_turn = [
            pool.submit(_in_turn, one, name, tool, roots) for name, tool in checks if tool.in_turn
        ]
        started: list[Future[Result]] = [
            pool.submit(one, name, tool, stages, root)
            for stages, root in roots.items()
            for name, tool in checks
            if not tool.in_turn
        ]
        for done in as_completed(started):
            yield done.result()
        for several in in_turn:
            yield from several.result()


def _written(subject: Subject, stages: tuple[str, ...], place: Path) -> Path:
    root = place / ("-".join(stages) or "none")
    write_files(subject.tree(stages), root)
    return root


def _in_turn(one: "partial[Result]", name: str, tool: Check, roots: Roots) -> list[Result]:
    return [one(name, tool, stages, root) for stages, root in roots.items()]


def _checked(  # noqa: PLR0913, PLR0917 - what a tool is run with
    subject: Subject,
    variables: Mapping[str, str],
    cache: Path,
    name: str,
    tool: Check,
    stages: tuple[str, ...],
    root: Path,
) -> Result:
    own = {key: value.replace("{cache}", str(cache)) for key, value in tool.variables.items()}
    return timed(name, stages, partial(_run, subject, tool.run, root, {**variables, **own}))


def _run(
    subject: Subject, tool: tuple[str, ...], root: Path, variables: Mapping[str, str]
) -> list[str]:
    """Return what a tool says, with the overlay's own files in it, unless it is content."""
    try:
        done = subprocess.run(
            tool,
            cwd=root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [f"`{' '.join(tool)}` did not end within {SECONDS} s"]
    except OSError as error:
        return [f"`{' '.join(tool)}` cannot be run: {error}"]
    if done.returncode == 0:
        return []
    lines = done.stdout.replace(f"{root}/", "").strip().splitlines()
    return [subject.localized("\n".join(lines[-LINES:]))]
