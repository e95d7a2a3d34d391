"""An application that has work done later; tests/conformance/application/jobs/app.rs is its twin.

Every run of a job leaves a line in the file JOBS_FILE: id, attempt, process, and what it does.
"""

import asyncio
import os
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import health, stages
from .runtime.problems import Problem
from .stages import database, jobs


def note(job: jobs.Job, what: str) -> None:
    line = f"{job.id} {job.attempt} {os.getpid()} {what}\n"
    place = os.open(os.environ["JOBS_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(place, line.encode())
    os.close(place)


async def quick(job: jobs.Job) -> None:
    note(job, "done")


async def slow(job: jobs.Job) -> None:
    note(job, "begins")
    await asyncio.sleep(job.payload["seconds"])
    note(job, "done")


async def bad(job: jobs.Job) -> None:
    note(job, "fails")
    raise ValueError("no such address")


async def shouts(_job: jobs.Job) -> None:
    raise ValueError("password=hunter2 " * 2**20)


async def twice(job: jobs.Job) -> None:
    note(job, "fails" if job.attempt == 1 else "done")
    if job.attempt == 1:
        raise ValueError("not yet")


async def holds(app: Starlette, job: jobs.Job) -> None:
    """Hold a connection."""
    async with database.of(app).read():
        await slow(job)


async def enqueue(request: Request) -> JSONResponse:
    """Enqueue some jobs in one transaction, which may be rolled back, or be one to read."""
    asked = request.query_params
    payload: object = {"seconds": float(asked.get("seconds", "0"))}
    for _ in range(int(asked.get("deeper", "0"))):
        payload = [payload]
    delay = float(asked.get("delay", "0"))
    base = database.of(request.app)
    async with base.read() if "reading" in asked else base.write() as connection:
        made = [
            await jobs.enqueue(connection, request.path_params["kind"], payload, delay=delay)
            for _ in range(int(asked.get("n", "1")))
        ]
        if "fail" in asked:
            raise Problem(409, "it is rolled back")
    return JSONResponse({"ids": made})


def create_app() -> Starlette:
    routes = [Route("/jobs/{kind}", enqueue, methods=["POST"])]
    app = Starlette(routes=[*routes, *health.ROUTES])
    stages.install(app)
    for function in (quick, slow, bad, shouts, twice):
        jobs.handler(app, function.__name__, function)
    jobs.handler(app, "holds", partial(holds, app))
    return app
