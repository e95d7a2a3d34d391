"""Time a service in Rust against a bare actix-web one, side by side, and write a table.

Run it by hand after `scripts/setup`, with cargo and wrk: `.venv/bin/python bench/rust.py [ROUNDS]`.
Both are release builds with the same versions and features of their dependencies.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server import Service
from timing import BIN, HEAD, Side, rows, run, write_table

TABLE = Path(__file__).parent / "rust.md"

BARE = """
use actix_web::{App, HttpServer, Responder, web};
use serde_json::json;

async fn index() -> impl Responder {
    web::Json(json!({"service": "orders"}))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    HttpServer::new(|| App::new().route("/", web::get().to(index)))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
"""


def built(directory: Path) -> Path:
    """Build a package with optimizations; return its program."""
    command = ["cargo", "build", "--release", "--quiet", "--message-format=json"]
    ran = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, check=True)
    programs = [json.loads(line).get("executable") for line in ran.stdout.splitlines()]
    # Both packages have the same name, so the next build replaces it.
    return Path(shutil.copy([found for found in programs if found][-1], directory / "program"))


def bare(service: Path) -> Path:
    """Make a package from the manifest of a service, with an application and nothing else."""
    directory = service.parent / "bare"
    (directory / "src").mkdir(parents=True)
    (directory / "src/main.rs").write_text(BARE, encoding="utf-8")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(service / name, directory)
    return directory


def main() -> None:
    """Measure everything, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch:
        place = Path(scratch)
        os.environ.setdefault("CARGO_TARGET_DIR", str(place / "target"))
        viscaffold = str(BIN / "viscaffold")
        run(viscaffold, "new", "orders", "--language", "rust", "--no-git", cwd=place)
        directory = place / "orders"
        began = time.perf_counter()
        program = built(directory)
        print(f"release build: {time.perf_counter() - began:.0f} s", flush=True)
        ours = Service([str(program)], directory)
        alone = Service([str(program)], directory, SUPERVISE="0")
        other = Service([str(built(bare(directory)))], directory)
        plan: list[tuple[str, str, str, Side, Side]] = [
            ("start", "bare actix-web", "ms", ours.start, other.start),
            ("start", "without supervisor", "ms", ours.start, alone.start),
            ("first log line", "start", "ms", ours.first_line, ours.start),
            ("memory of the service", "bare actix-web", "MiB", ours.memory, other.memory),
            ("supervisor", "the service", "MiB", ours.supervisor_memory, ours.memory),
            ("requests", "bare actix-web", "/s", ours.load, other.load),
        ]
        lines = rows(plan, rounds)
    about = f"Medians of {rounds} rounds, both sides in turn"
    write_table(TABLE, "A service in Rust, side by side", about, HEAD, lines)


if __name__ == "__main__":
    main()
