# ruff: noqa: S608 - what is put into the scripts are numbers
"""Time jobs that do nothing, from being enqueued to being done, against others, in turn.

Run it by hand after `scripts/setup` and `scripts/services`, with cargo: `python bench/jobs.py
[ROUNDS [LANGUAGE]...]`, against procrastinate in Python and apalis in Rust. All use the same server
of PostgreSQL, one process, as many connections, and run as many jobs at once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rust import built
from timing import BIN, HEAD, ROOT, Pair, in_turn, row, run, write_table

sys.path.append(str(ROOT / "tests"))

from postgresql_server import Server, postgresql_server
from running import free_port

TABLE = Path(__file__).parent / "jobs.md"
SOURCES = Path(__file__).parent / "jobs"
COUNT = int(os.environ.get("COUNT", "5000"))
AT_ONCE = 5
SETTINGS = {
    "COUNT": str(COUNT),
    "DATABASE_MIGRATE": "true",
    "DATABASE_POOL_SIZE": str(AT_ONCE),
    "HOST": "127.0.0.1",
    "JOBS_WORKERS": str(AT_ONCE),
    "SUPERVISE": "0",
}

OURS = f"""
import asyncio, time
from orders.app import create_app
from orders.stages import database, jobs

done = 0

async def nothing(job):
    global done
    done += 1

async def main():
    app = create_app()
    jobs.handler(app, "nothing", nothing)
    async with app.router.lifespan_context(app):
        while jobs.of(app).rounds == 0:
            await asyncio.sleep(0.01)
        began, used = time.perf_counter(), time.process_time()
        for number in range({COUNT}):
            async with database.of(app).write() as connection:
                await jobs.enqueue(connection, "nothing", {{"number": number}})
        async with database.of(app).read() as connection:
            while (await connection.exec_driver_sql("SELECT count(*) FROM jobs")).scalar():
                await connection.rollback()
                await asyncio.sleep(0.02)
        assert done == {COUNT}
        took, used = time.perf_counter() - began, time.process_time() - used
        print("measured", took, used, flush=True)

asyncio.run(main())
"""
PROCRASTINATE = f"""
import asyncio, os, time
from procrastinate import App, PsycopgConnector

connector = PsycopgConnector(conninfo=os.environ["DATABASE_URL"], min_size=1, max_size={AT_ONCE})
app = App(connector=connector)
done = 0

@app.task(name="nothing")
async def nothing(number):
    global done
    done += 1

async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        worker = asyncio.create_task(app.run_worker_async(
            concurrency={AT_ONCE}, delete_jobs="always", install_signal_handlers=False))
        await asyncio.sleep(0.5)
        began, used = time.perf_counter(), time.process_time()
        for number in range({COUNT}):
            await nothing.defer_async(number=number)
        count = "SELECT count(*) AS count FROM procrastinate_jobs"
        while (await connector.execute_query_one_async(count))["count"]:
            await asyncio.sleep(0.02)
        assert done == {COUNT}
        took, used = time.perf_counter() - began, time.process_time() - used
        print("measured", took, used, flush=True)
        worker.cancel()

asyncio.run(main())
"""
APALIS = """
[package]
name = "other"
version = "0.1.0"
edition = "2024"

[dependencies]
apalis = { version = "1", features = ["limit"] }
apalis-postgres = "1"
serde = { version = "1", features = ["derive"] }
sqlx = { version = "0.9", default-features = false, features = ["postgres", "runtime-tokio"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
"""

Timed = Callable[[], Pair]


def python(place: Path, server: Server) -> tuple[str, Timed, Timed]:
    """Return whom the stage in Python is compared with, and both sides."""
    service(place, "python")
    run(sys.executable, "-m", "venv", "other", cwd=place)
    other = str(place / "other" / "bin" / "python")
    run(other, "-m", "pip", "install", "-q", "procrastinate", cwd=place)
    source = str(place / "orders" / "src")
    return (
        "procrastinate",
        lambda: measured([sys.executable, "-c", OURS], server, PYTHONPATH=source),
        lambda: measured([other, "-c", PROCRASTINATE], server),
    )


def rust(place: Path, server: Server) -> tuple[str, Timed, Timed]:
    """Return whom the stage in Rust is compared with, and both sides, optimized."""
    service(place, "rust")
    shutil.copy(SOURCES / "ours.rs", place / "orders" / "src" / "app.rs")
    other = place / "other"
    (other / "src").mkdir(parents=True)
    (other / "Cargo.toml").write_text(APALIS, encoding="utf-8")
    shutil.copy(SOURCES / "apalis.rs", other / "src" / "main.rs")
    ours, theirs = str(built(place / "orders")), str(built(other))
    return "apalis", lambda: measured([ours], server), lambda: measured([theirs], server)


LANGUAGES: Mapping[str, Callable[[Path, Server], tuple[str, Timed, Timed]]] = {
    "python": python,
    "rust": rust,
}


def service(place: Path, language: str) -> None:
    """Make a service with the stage."""
    place.mkdir()
    flags = ("--language", language, "--no-git", "--stage", "jobs")
    run(str(BIN / "viscaffold"), "new", "orders", *flags, cwd=place)


def measured(command: list[str], server: Server, **variables: str) -> Pair:
    """Run a program with a new database.

    Returns the jobs that it has done in a second, and the seconds of a processor for each.
    """
    own = {"DATABASE_URL": server.new_database("jobs"), "PORT": str(free_port())}
    ran = subprocess.run(
        command,
        env={**os.environ, **SETTINGS, **own, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in ran.stdout.splitlines() if line.startswith("measured ")]
    if ran.returncode or not found:
        sys.exit(ran.stdout + ran.stderr)
    took, used = map(float, found[0].split()[1:])
    return COUNT / took, used / COUNT


def main() -> None:
    """Measure both languages, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    lines = []
    with (
        tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch,
        postgresql_server() as server,
    ):
        os.environ.setdefault("CARGO_TARGET_DIR", str(Path(scratch, "target")))
        for language in sys.argv[2:] or LANGUAGES:
            against, ours, other = LANGUAGES[language](Path(scratch, language), server)
            pairs = in_turn(ours, other, rounds)
            done = [(left[0], right[0]) for left, right in pairs]
            used = [(left[1], right[1]) for left, right in pairs]
            lines += [
                row(f"{language}: jobs", against, "jobs/s", done),
                row(f"{language}: processor time of a job", against, "µs", used),
            ]
    about = (
        f"Medians of {rounds} rounds of {COUNT} jobs that do nothing, {AT_ONCE} at once, each "
        "enqueued by itself;\nboth sides in turn, with the same PostgreSQL"
    )
    write_table(TABLE, "Jobs, side by side", about, HEAD, lines)


if __name__ == "__main__":
    main()
