"""Stage jobs: work that is done later, at least once, from a table of the database."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette

from ... import config, health
from ...runtime import DRAIN_SECONDS
from ...runtime.jobs import table
from ...runtime.jobs.job import Handler, Job, checked_kind
from ...runtime.jobs.stalls import Stalls
from ...runtime.jobs.worker import Worker
from ...runtime.stop import stopping
from .. import database
from . import command
from .observing import Observing, traceparent
from .settings import Settings

__all__ = ["COMMANDS", "Job", "Settings", "enqueue", "handler", "install", "lifespan", "of"]

COMMANDS = {"jobs": command.run}
DRAINS = True
"""At the stop, jobs that run get what requests have left of their time."""
UNASKED_SECONDS = 0.5
"""For what runs when the service ends without having been asked to."""
SETTLE_SECONDS = 1.0
ENQUEUED = "jobs were enqueued"

log = logging.getLogger(__name__)


async def enqueue(
    connection: AsyncConnection, kind: str, payload: object, *, delay: float = 0
) -> str:
    """Add a job, to be done after `delay` seconds at the earliest; return its id.

    It belongs to the transaction of the connection, from `database.write()`: it is there once that
    is committed, and never was if that is rolled back. The payload is anything that JSON has.
    """
    made = await table.enqueue(connection, kind, payload, delay, traceparent())
    connection.info[ENQUEUED] = True
    return made


def handler(app: Starlette, kind: str, function: Handler) -> None:
    """Have jobs of a kind done by a function, which may run more than once for the same job."""
    handlers = of(app).handlers
    if checked_kind(kind) in handlers:
        raise ValueError(f"jobs of the kind {kind!r} have a handler already")
    handlers[kind] = function


def of(app: Starlette) -> Worker:
    """Return the worker of an application."""
    worker: Worker = app.state.jobs
    return worker


def install(app: Starlette) -> None:
    """Make the worker; it does nothing until the start."""
    settings = config.read(Settings)
    of_database = config.read(database.Settings)
    base = database.of(app)
    observing = Observing(app)
    worker = Worker(base, settings.limits(), observing, lambda: stopping.asked)
    observing.running_jobs = lambda: len(worker.runs)
    app.state.jobs = worker
    slowest = 3 * settings.poll_seconds + of_database.wait_seconds + of_database.query_seconds + 5
    app.state.jobs_stalls = Stalls(lambda: worker.rounds, slowest)

    async def ready() -> None:
        await app.state.jobs_stalls.ready()
        worker.require_free()

    health.add_check(app, "jobs", ready)

    @event.listens_for(base.engine.sync_engine, "checkin")
    def _look(_connection: object, record: object) -> None:
        """Look for jobs that were enqueued here at once; polling finds all others."""
        info: dict[str, object] = getattr(record, "info", {})
        if info.pop(ENQUEUED, None):
            worker.wake.set()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Run jobs while the service runs."""
    settings, worker = config.read(Settings), of(app)
    kinds = ", ".join(sorted(worker.handlers))
    if not settings.workers:
        log.info("jobs: JOBS_WORKERS is 0: this process only enqueues")
    elif kinds:
        log.info("jobs: %d workers, kinds: %s", settings.workers, kinds)
    else:
        log.info("jobs: no handlers yet")
    async with asyncio.TaskGroup() as tasks:
        going = tasks.create_task(worker.keep_going(), name="jobs worker")
        watching = tasks.create_task(app.state.jobs_stalls.watch(), name="jobs worker is watched")
        if not settings.workers:
            watching.cancel()  # it counts what is in the table, and nobody needs it to move
        yield
        drain = DRAIN_SECONDS if stopping.asked else UNASKED_SECONDS
        await worker.close((stopping.began or time.monotonic()) + drain)
        await asyncio.wait([going], timeout=SETTLE_SECONDS)
        worker.tell_left()
        going.cancel()
        watching.cancel()
