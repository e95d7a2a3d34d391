"""Services pass their own tests, lint, format and types, for every set of stages that matters."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from scaffolder.overlays import store

from . import combinations
from .results import Result, timed
from .subject import Subject

TOOLS = {
    "tests": ("pytest", "-q", "-p", "no:cacheprovider"),
    "lint": ("ruff", "check", "--no-cache", "--output-format=concise"),
    "format": ("ruff", "format", "--check", "--no-cache"),
}
TYPES = ("mypy", "--no-error-summary")

SECONDS = 900
"""A tool that takes longer hangs."""

LINES = 40
"""So many lines of what a tool says are shown: the last ones."""


def check(subject: Subject, python: Path) -> Iterator[Result]:
    """Run every tool in every service; one more at a time than processors, for tests wait a lot."""
    sets = combinations.own_sets(subject.catalogue, subject.own)
    with (
        tempfile.TemporaryDirectory(prefix="viscaffold-") as place,
        ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as pool,
    ):
        roots = {stages: _written(subject, stages, Path(place)) for stages in sets}
        types = pool.submit(_types, subject, python, roots, Path(place, "mypy"))
        started: list[Future[Result]] = [
            pool.submit(_tool, subject, python, name, stages, root)
            for stages, root in roots.items()
            for name in TOOLS
        ]
        for done in as_completed(started):
            yield done.result()
        yield from types.result()


def _written(subject: Subject, stages: tuple[str, ...], place: Path) -> Path:
    root = place / ("-".join(stages) or "none")
    store.write(subject.tree(stages), root)
    return root


def _types(
    subject: Subject, python: Path, roots: dict[tuple[str, ...], Path], cache: Path
) -> list[Result]:
    """Check types one after the other, for what is known of libraries is shared."""
    return [
        timed(
            "types", stages, partial(_run, subject, python, TYPES, root, MYPY_CACHE_DIR=str(cache))
        )
        for stages, root in roots.items()
    ]


def _tool(subject: Subject, python: Path, name: str, stages: tuple[str, ...], root: Path) -> Result:
    return timed(name, stages, partial(_run, subject, python, TOOLS[name], root))


def _run(
    subject: Subject, python: Path, tool: tuple[str, ...], root: Path, **variables: str
) -> list[str]:
    """Return what a tool says, with the overlay's own files in it, unless it is content."""
    try:
        done = subprocess.run(
            [str(python), "-m", *tool],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **variables},
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
    if done.returncode == 0:
        return []
    lines = done.stdout.strip().splitlines()
    return [subject.localized("\n".join(lines[-LINES:]))]
