"""Stage greeting: GET /greeting/NAME."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .. import config
from ..config import setting, text


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    greeting: str = setting("GREETING_TEXT", text, default="Hello")


def install(app: Starlette) -> None:
    """Add the route."""
    greeting = config.read(Settings).greeting

    async def greet(request: Request) -> JSONResponse:
        return JSONResponse({"greeting": f"{greeting}, {request.path_params['name']}"})

    app.router.routes.append(Route("/greeting/{name}", greet))
