"""What the benchmarks share: commands timed, both sides in turn, and tables."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from scaffolder.overlays.fetch.preferences import VERIFY_VARIABLE

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com")

Side = Callable[[], float]


def run(*command: str, cwd: Path) -> float:
    """Run a command; return its seconds."""
    # No other side verifies what it changes.
    variables = {**os.environ, VERIFY_VARIABLE: "no"}
    start = time.perf_counter()
    ran = subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if ran.returncode:
        sys.exit(f"{command} failed:\n{ran.stdout}{ran.stderr}")
    return seconds


def fresh(directory: Path) -> Path:
    """Return `directory`, empty."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def sides(ours: Side, other: Side, rounds: int) -> tuple[float, float]:
    """Return the medians of both sides, run in turn."""
    ours(), other()  # once for whatever is slower the first time
    pairs = [(ours(), other()) for _ in range(rounds)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def rows(plan: Iterable[tuple[str, str, str, Side, Side]], rounds: int) -> list[str]:
    """Measure what, against what, in which unit; return and print a row of the table for each."""
    lines = []
    for what, against, unit, ours, other in plan:
        left, right = sides(ours, other, rounds)
        scale, digits = {"s": (1, 3), "ms": (1000, 1), "MiB": (1, 1)}.get(unit, (1, 0))
        cells = [what, against, unit, *(f"{side * scale:.{digits}f}" for side in (left, right))]
        lines.append(f"| {' | '.join(cells)} | {left / right:.2f} |")
        print(lines[-1], flush=True)
    return lines


def write_table(path: Path, title: str, about: str, head: str, lines: Iterable[str]) -> None:
    """Write a page with one table; `head` names its columns."""
    rule = "|".join("---" for _ in head.split("|")[1:-1])
    text = "\n".join([head, f"|{rule}|", *lines])
    cores = os.cpu_count()
    path.write_text(f"# {title}\n\n{about}, {cores} cores.\n\n{text}\n", encoding="utf-8")
