"""An application whose values are cached: `source` has the truth."""

import asyncio
from collections import Counter
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import health, stages
from .stages.cache import of

source: dict[str, str] = {}
computed: Counter[str] = Counter()


async def cached(request: Request) -> JSONResponse:
    """Answer a value, which takes some seconds to compute, or cannot be."""
    key = request.path_params["key"]

    async def compute() -> Any:
        computed[key] += 1
        found = {"value": source.get(key, "")}
        await asyncio.sleep(float(request.query_params.get("seconds", "0")))
        if "fail" in request.query_params:
            raise RuntimeError("it cannot be computed")
        return found

    return JSONResponse(await of(request).cached(key, 60, compute))


async def change(request: Request) -> JSONResponse:
    """Change a value in the source."""
    key = request.path_params["key"]
    source[key] = request.query_params["value"]
    await of(request).delete(key)
    return JSONResponse("changed")


async def keep(request: Request) -> JSONResponse:
    ttl = int(request.query_params.get("ttl", "60000")) / 1000
    await of(request).set(request.path_params["key"], request.query_params["value"], ttl)
    return JSONResponse("kept")


async def kept(request: Request) -> JSONResponse:
    return JSONResponse(await of(request).get(request.path_params["key"]))


async def count(request: Request) -> JSONResponse:
    return JSONResponse(computed[request.path_params["key"]])


def create_app() -> Starlette:
    routes = [
        Route("/cached/{key}", cached),
        Route("/cached/{key}", change, methods=["PUT"]),
        Route("/kept/{key}", kept),
        Route("/kept/{key}", keep, methods=["PUT"]),
        Route("/computed/{key}", count),
    ]
    app = Starlette(routes=[*routes, *health.ROUTES])
    stages.install(app)
    return app
