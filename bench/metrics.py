"""Time a service with the stage metrics against one without it, side by side, in both languages.

Run it by hand after `scripts/setup`, with cargo and wrk: `python bench/metrics.py
[ROUNDS [LANGUAGE]...]`.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rust import built
from server import Service
from timing import BIN, HEAD, Pair, Side, in_turn, medians, row, rows, run, write_table

TABLE = Path(__file__).parent / "metrics.md"
STARTS = 5
"""How often both start in each round: processes of the same program differ by some per cent."""
BURSTS = 12
"""How often the processor time of two processes is measured."""


def python(directory: Path) -> Service:
    """Return a service that runs from its sources."""
    source = {"PYTHONPATH": str(directory / "src")}
    return Service([sys.executable, "-m", directory.name], directory, **source)


def rust(directory: Path) -> Service:
    """Return an optimized build of a service."""
    return Service([str(built(directory))], directory)


LANGUAGES: Mapping[str, Callable[[Path], Service]] = {"python": python, "rust": rust}


def main() -> None:
    """Measure requests to a route that does nothing, and memory, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch:
        place = Path(scratch)
        os.environ.setdefault("CARGO_TARGET_DIR", str(place / "target"))
        for language in sys.argv[2:] or LANGUAGES:
            sides = []
            for stages in ((), ("--stage", "metrics")):
                within = place / f"{language}{len(stages)}"
                within.mkdir()
                command = ("new", "orders", "--language", language, "--no-git", *stages)
                run(str(BIN / "viscaffold"), *command, cwd=within)
                sides.append(LANGUAGES[language](within / "orders"))
            without, measured = sides
            other = "without metrics"
            pairs: list[Pair] = []
            for _ in range(rounds * STARTS):
                with measured.effort() as ours, without.effort() as theirs:
                    pairs.append(medians(in_turn(ours, theirs, BURSTS)))
            lines.append(row(f"{language}: processor time of a request", other, "µs", pairs))
            plan: list[tuple[str, str, str, Side, Side]] = [
                (f"{language}: requests", other, "/s", measured.load, without.load),
                (f"{language}: memory", other, "MiB", measured.memory, without.memory),
            ]
            lines += rows(plan, rounds)
    about = (
        f"Medians of {rounds} rounds, both sides in turn; {STARTS} times as many of processor time"
    )
    write_table(TABLE, "What the stage metrics costs", about, HEAD, lines)


if __name__ == "__main__":
    main()
