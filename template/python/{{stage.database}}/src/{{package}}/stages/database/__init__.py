"""Stage database: SQLite in a file, or PostgreSQL; the service outlives both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from ... import config, health
from ...runtime.database.address import address
from ...runtime.database.database import Database
from . import command
from .parts import known
from .settings import Settings

__all__ = ["COMMANDS", "Database", "Settings", "install", "lifespan", "of"]

COMMANDS = {"db": command.run}
CLOSE_SECONDS = 1.0


def install(app: Starlette) -> None:
    """Make the database known to the routes; connect to nothing yet."""
    settings = config.read(Settings)
    database = Database(
        address(settings.url),
        known(),
        size=settings.pool_size,
        wait=settings.wait_seconds,
        limit=settings.query_seconds,
        migrate=settings.migrates,
    )
    mounted = [route.app for route in app.routes if isinstance(route, Mount)]
    for each in (app, *mounted):
        if isinstance(each, Starlette):
            each.state.database = database
    health.add_check(app, "database", database.ready)


def of(app: Starlette) -> Database:
    """Return the database of an application: in a route, that of `request.app`."""
    database: Database = app.state.database
    return database


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep an eye on the database, and close its connections at the stop."""
    database = of(app)
    async with asyncio.TaskGroup() as tasks:
        watched = tasks.create_task(database.keeper.run(), name="the database is watched")
        yield
        database.keeper.stop()
        await asyncio.wait([watched], timeout=CLOSE_SECONDS)
        watched.cancel()
    await database.close()
