"""Time a service with the stage metrics against one without it, side by side, in both languages.

Run it by hand after `scripts/setup`, with cargo and wrk: `python bench/metrics.py [ROUNDS]`.
"""

import os
import sys
import tempfile
from pathlib import Path

from rust import built
from server import Service
from timing import BIN, Side, rows, run


def python(directory: Path) -> Service:
    """Return a service that runs from its sources."""
    source = {"PYTHONPATH": str(directory / "src")}
    return Service([sys.executable, "-m", directory.name], directory, **source)


def rust(directory: Path) -> Service:
    """Return an optimized build of a service."""
    return Service([str(built(directory))], directory)


def main() -> None:
    """Measure requests to a route that does nothing, and memory."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    plan: list[tuple[str, str, str, Side, Side]] = []
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch:
        place = Path(scratch)
        os.environ.setdefault("CARGO_TARGET_DIR", str(place / "target"))
        for language, service in (("python", python), ("rust", rust)):
            sides = []
            for stages in ((), ("--stage", "metrics")):
                within = place / f"{language}{len(stages)}"
                within.mkdir()
                command = ("new", "orders", "--language", language, "--no-git", *stages)
                run(str(BIN / "viscaffold"), *command, cwd=within)
                sides.append(service(within / "orders"))
            without, measured = sides
            plan += [
                (f"{language}: requests", "without metrics", "/s", measured.load, without.load),
                (f"{language}: memory", "without metrics", "MiB", measured.memory, without.memory),
            ]
        rows(plan, rounds)


if __name__ == "__main__":
    main()
