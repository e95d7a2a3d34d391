"""Compare a new service in Rust with one that `loco new` makes, and write a table.

Run it by hand after `scripts/setup`, with cargo and loco (`cargo install loco`):
`.venv/bin/python bench/loco.py`. Both are built from nothing but downloaded crates.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from server import Service
from timing import BIN, run, write_table

TABLE = Path(__file__).parent / "loco.md"
LOCO = ("new", "--name", "orders", "--db", "none", "--bg", "async", "--assets", "none")
GENERATED = {"target", ".git", "Cargo.lock", ".claude", "runtime"}
"""What nobody has to read to own a service: viscaffold maintains `runtime`."""


def lines(service: Path, suffix: str = "") -> int:
    """Count the lines that the owner of a service has."""
    files = [
        path
        for path in service.rglob(f"*{suffix}")
        if path.is_file() and not GENERATED & {*path.relative_to(service).parts}
    ]
    return sum(len(path.read_bytes().splitlines()) for path in files)


def measured(service: Path, program: str, *args: str) -> list[float]:
    """Return what a service takes to be built, started and kept."""
    run("cargo", "fetch", cwd=service)
    crates = (service / "Cargo.lock").read_text(encoding="utf-8").count("[[package]]")
    seconds = run("cargo", "build", cwd=service)
    debug = Service([str(service / "target/debug" / program), *args], service)
    started = debug.start()
    run("cargo", "build", "--release", cwd=service)
    release = service / "target/release" / program
    memory = Service([str(release), *args], service).memory()
    size = release.stat().st_size / 2**20
    return [seconds, started, crates, lines(service), lines(service, ".rs"), size, memory]


WHAT: Sequence[tuple[str, str, int]] = (
    ("first build", "s", 0),
    ("first start", "s", 2),
    ("crates", "", 0),
    ("lines to own", "", 0),
    ("of them in Rust", "", 0),
    ("release program", "MiB", 1),
    ("memory", "MiB", 1),
)


def main() -> None:
    """Measure both, and write the table."""
    os.environ.pop("CARGO_TARGET_DIR", None)
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch:
        place = Path(scratch)
        (place / "loco").mkdir()
        flags = ("--language", "rust", "--no-git")
        run(str(BIN / "viscaffold"), "new", "orders", *flags, cwd=place)
        run("loco", *LOCO, cwd=place / "loco")
        ours = measured(place / "orders", "orders")
        other = measured(place / "loco/orders", "orders-cli", "start", "--port", "PORT")
    rows = [
        f"| {what} | {unit} | {left:.{digits}f} | {right:.{digits}f} | {left / right:.2f} |"
        for (what, unit, digits), left, right in zip(WHAT, ours, other, strict=True)
    ]
    print("\n".join(rows))
    head = "| what | unit | viscaffold | loco | ratio |"
    write_table(TABLE, "A service in Rust and one of loco", "Each once", head, rows)


if __name__ == "__main__":
    main()
