"""What the benchmarks share: commands timed, both sides in turn, and tables."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from scaffolder.overlays.fetch.preferences import VERIFY_VARIABLE

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com")

Side = Callable[[], float]
Pair = tuple[float, float]
Found = TypeVar("Found")

HEAD = "| what | against | unit | viscaffold | other | ratio | spread |"


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


def in_turn(
    ours: Callable[[], Found], other: Callable[[], Found], rounds: int
) -> list[tuple[Found, Found]]:
    """Return what both sides find in each round."""
    ours(), other()  # once for whatever is slower the first time
    return [(ours(), other()) for _ in range(rounds)]


def medians(pairs: Sequence[Pair]) -> Pair:
    """Return the median of each side."""
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def rows(plan: Iterable[tuple[str, str, str, Side, Side]], rounds: int) -> list[str]:
    """Measure what, against what, in which unit; return a row of the table for each."""
    return [
        row(what, against, unit, in_turn(ours, other, rounds))
        for what, against, unit, ours, other in plan
    ]


def row(what: str, against: str, unit: str, pairs: Sequence[Pair]) -> str:
    """Return and print a row for HEAD; the spread is that of the ratios of half of the rounds."""
    left, right = medians(pairs)
    scale, digits = {"s": (1, 3), "ms": (1000, 1), "µs": (1e6, 1), "MiB": (1, 1)}.get(unit, (1, 0))
    cells = [what, against, unit, *(f"{side * scale:.{digits}f}" for side in (left, right))]
    ratios = sorted(ours / other for ours, other in pairs)
    quarter = len(ratios) // 4
    spread = f"{ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f}"
    line = f"| {' | '.join(cells)} | {left / right:.2f} | {spread} |"
    print(line, flush=True)
    return line


def write_table(path: Path, title: str, about: str, head: str, lines: Iterable[str]) -> None:
    """Write a page with one table; `head` names its columns."""
    rule = "|".join("---" for _ in head.split("|")[1:-1])
    text = "\n".join([head, f"|{rule}|", *lines])
    cores = os.cpu_count()
    path.write_text(f"# {title}\n\n{about}, {cores} cores.\n\n{text}\n", encoding="utf-8")
