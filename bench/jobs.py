# ruff: noqa: S608 - what is put into the scripts are numbers
"""Time jobs that do nothing, from being enqueued to being done, against procrastinate, in turn.

Run it by hand after `scripts/setup` and `scripts/services`: `python bench/jobs.py [ROUNDS]`. Both
use the same server of PostgreSQL, one process, as many connections, and run as many jobs at once.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import BIN, ROOT, rows, run

sys.path.append(str(ROOT / "tests"))

from postgresql_server import Server, postgresql_server

COUNT = 5000
AT_ONCE = 5

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
        began = time.perf_counter()
        for number in range({COUNT}):
            async with database.of(app).write() as connection:
                await jobs.enqueue(connection, "nothing", {{"number": number}})
        async with database.of(app).read() as connection:
            while (await connection.exec_driver_sql("SELECT count(*) FROM jobs")).scalar():
                await connection.rollback()
                await asyncio.sleep(0.02)
        assert done == {COUNT}
        print(time.perf_counter() - began, flush=True)

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
        began = time.perf_counter()
        for number in range({COUNT}):
            await nothing.defer_async(number=number)
        count = "SELECT count(*) AS count FROM procrastinate_jobs"
        while (await connector.execute_query_one_async(count))["count"]:
            await asyncio.sleep(0.02)
        assert done == {COUNT}
        print(time.perf_counter() - began, flush=True)
        worker.cancel()

asyncio.run(main())
"""


def measured(python: str, script: str, server: Server, **variables: str) -> float:
    """Run a script with a new database; return the jobs that it has done in a second."""
    settings = {
        "DATABASE_URL": server.new_database("jobs"),
        "DATABASE_MIGRATE": "true",
        "DATABASE_POOL_SIZE": str(AT_ONCE),
        "JOBS_WORKERS": str(AT_ONCE),
    }
    ran = subprocess.run(
        [python, "-c", script],
        env={**os.environ, **settings, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(ran.stdout + ran.stderr)
    return COUNT / float(ran.stdout.splitlines()[-1])


def main() -> None:
    """Measure both."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="viscaffold-bench-") as scratch:
        place = Path(scratch)
        run(str(BIN / "viscaffold"), "new", "orders", "--no-git", "--stage", "jobs", cwd=place)
        run(sys.executable, "-m", "venv", "other", cwd=place)
        other = place / "other" / "bin" / "python"
        run(str(other), "-m", "pip", "install", "-q", "procrastinate", cwd=place)
        source = str(place / "orders" / "src")
        with postgresql_server() as server:
            rows(
                [
                    (
                        f"{COUNT} jobs in Python",
                        "procrastinate",
                        "jobs/s",
                        lambda: measured(sys.executable, OURS, server, PYTHONPATH=source),
                        lambda: measured(str(other), PROCRASTINATE, server),
                    )
                ],
                rounds,
            )


if __name__ == "__main__":
    main()
