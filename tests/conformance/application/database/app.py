"""An application that shows what its database does; tests/conformance/application/database/app.rs is its twin."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import health, stages
from .runtime.problems import Problem
from .stages import database

COUNT = text("SELECT count(*) FROM orders")
INSERT = text("INSERT INTO orders (title) VALUES ('tea')")
SLOW = {
    "postgresql": text("SELECT pg_sleep(30)"),
    "sqlite": text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000000)"
        " SELECT count(*) FROM n"
    ),
}


async def _counted(connection: AsyncConnection) -> JSONResponse:
    return JSONResponse({"orders": (await connection.execute(COUNT)).scalar()})


async def orders(request: Request) -> JSONResponse:
    async with database.of(request.app).read() as connection:
        return await _counted(connection)


async def add(request: Request) -> JSONResponse:
    async with database.of(request.app).write() as connection:
        await connection.execute(INSERT)
        return await _counted(connection)


async def refuse(request: Request) -> JSONResponse:
    async with database.of(request.app).write() as connection:
        await connection.execute(INSERT)
        raise Problem(409, "no more tea", left=0)


async def lose(request: Request) -> JSONResponse:
    async with database.of(request.app).read() as connection:
        await connection.execute(INSERT)
        return await _counted(connection)


async def slow(request: Request) -> JSONResponse:
    async with database.of(request.app).read() as connection:
        await connection.execute(SLOW[connection.dialect.name])
        return JSONResponse({})


async def hold(request: Request) -> JSONResponse:
    async with database.of(request.app).write() as connection:
        await connection.execute(INSERT)
        await asyncio.sleep(float(request.path_params["seconds"]))
        return await _counted(connection)


async def wrong(request: Request) -> JSONResponse:
    async with database.of(request.app).read() as connection:
        await connection.execute(text("SELECT secret FROM nowhere"))
        return JSONResponse({})


def create_app() -> Starlette:
    routes = [
        Route("/orders", orders, methods=["GET"]),
        Route("/orders", add, methods=["POST"]),
        Route("/refused", refuse, methods=["POST"]),
        Route("/lost", lose, methods=["POST"]),
        Route("/slow", slow),
        Route("/hold/{seconds}", hold),
        Route("/wrong", wrong),
    ]
    app = Starlette(routes=[*routes, *health.ROUTES])
    stages.install(app)
    return app
