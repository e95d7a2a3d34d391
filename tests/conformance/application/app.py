"""An application whose requests show what the service does with them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from . import health, stages


async def index(_request: Request) -> JSONResponse:
    return JSONResponse({"service": "orders"})


async def size(request: Request) -> JSONResponse:
    return JSONResponse(len(await request.body()))


async def swallow(request: Request) -> JSONResponse:
    """Answer whatever happens to its body, as careless code does."""
    try:
        return await size(request)
    except Exception:
        return JSONResponse("fine")


async def fail(_request: Request) -> JSONResponse:
    raise RuntimeError("hunter2")


async def refuse(_request: Request) -> JSONResponse:
    raise HTTPException(503, "come back later")


async def break_off(_request: Request) -> StreamingResponse:
    """Begin an answer, and fail in its middle."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 70_000
        yield b"x" * 70_000
        raise RuntimeError("hunter2")

    return StreamingResponse(parts())


async def slow(request: Request) -> JSONResponse:
    """Work for a while, then read the body."""
    await asyncio.sleep(float(request.query_params.get("seconds", "0")))
    return JSONResponse(len(await request.body()))


async def block(request: Request) -> PlainTextResponse:
    """Block the event loop."""
    time.sleep(float(request.query_params.get("seconds", "0")))
    return PlainTextResponse("done")


async def big(_request: Request) -> Response:
    return Response(bytes(64 << 20))


async def where(request: Request) -> JSONResponse:
    """Tell how it was reached."""
    return JSONResponse([str(request.url_for("where")), request.client and request.client.host])


async def deaf(request: Request) -> PlainTextResponse:
    """Close the socket that the service listens on."""
    port = f":{int(os.environ['PORT']):04X}"
    table = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()]
    sockets = [
        f"socket:[{line[9]}]" for line in table if line[1].endswith(port) and line[3] == "0A"
    ]
    for link in Path("/proc/self/fd").iterdir():
        try:
            if os.readlink(link) in sockets:
                os.close(int(link.name))
        except OSError:
            continue
    if request.query_params.get("reuse"):
        os.open(os.devnull, os.O_RDONLY)
    return PlainTextResponse("done")


ROUTES = [
    Route("/", index),
    Route("/size", size, methods=["POST"]),
    Route("/swallow", swallow, methods=["POST"]),
    Route("/fail", fail),
    Route("/refuse", refuse),
    Route("/break", break_off),
    Route("/slow", slow, methods=["GET", "POST"]),
    Route("/block", block),
    Route("/big", big),
    Route("/where", where),
    Route("/away/", where),
    Route("/deaf", deaf),
]


def create_app() -> Starlette:
    app = Starlette(routes=[*ROUTES, *health.ROUTES])
    stages.install(app)
    return app
