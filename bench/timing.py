"""What the benchmarks share: commands timed, both sides in turn, and tables."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

Side = Callable[[], float]


def run(*command: str, cwd: Path) -> float:
    """Run a command; return its seconds."""
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
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


def write_table(path: Path, title: str, about: str, head: str, lines: Iterable[str]) -> None:
    """Write a page with one table; `head` names its columns."""
    rule = "|".join("---" for _ in head.split("|")[1:-1])
    text = "\n".join([head, f"|{rule}|", *lines])
    cores = os.cpu_count()
    path.write_text(f"# {title}\n\n{about}, {cores} cores.\n\n{text}\n", encoding="utf-8")
