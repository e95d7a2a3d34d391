"""An application with a route for each dependency; tests/conformance/application/whole/app.rs is its twin."""

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import health, stages
from .stages import cache, database, jobs

TEA = "tea " * 400
"""So much that few rows fit into a page of the database."""

done: set[str] = set()


async def index(_request: Request) -> JSONResponse:
    return JSONResponse({"service": "orders"})


async def add(request: Request) -> JSONResponse:
    insert = text("INSERT INTO orders (title) VALUES (:title)")
    async with database.of(request.app).write() as connection:
        await connection.execute(insert, {"title": TEA})
    return JSONResponse("added")


async def enqueue(request: Request) -> JSONResponse:
    async with database.of(request.app).write() as connection:
        return JSONResponse(await jobs.enqueue(connection, "confirm", {"order": TEA}))


async def is_done(request: Request) -> JSONResponse:
    return JSONResponse(request.path_params["job"] in done)


async def price(request: Request) -> JSONResponse:
    async def compute() -> int:
        return 7

    return JSONResponse(await cache.of(request).cached(request.path_params["product"], 60, compute))


async def confirm(job: jobs.Job) -> None:
    done.add(job.id)


def create_app() -> Starlette:
    routes = [
        Route("/", index),
        Route("/orders", add, methods=["POST"]),
        Route("/jobs", enqueue, methods=["POST"]),
        Route("/jobs/{job}", is_done),
        Route("/prices/{product}", price),
    ]
    app = Starlette(routes=[*routes, *health.ROUTES])
    stages.install(app)
    jobs.handler(app, "confirm", confirm)
    return app
