"""Stage api: a FastAPI application under /api, with problem+json errors and OpenAPI."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from ... import config, health
from ...config import boolean, integer, renamed, setting
from ...runtime.json_limit import JsonLimit
from . import problems
from .items import add_items

PREFIX = "/api"

WRITERS: list[Any] = []
"""Dependencies of the example's routes that write; the stage auth adds its login."""


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    max_json_values: int = setting("API_MAX_JSON_VALUES", integer(1, 10_000_000), default=10_000)
    docs: bool = setting("API_DOCS", boolean, default=False)
    former: None = setting("API_MAX_BODY_BYTES", renamed("MAX_BODY_BYTES"), default=None)


def install(app: Starlette) -> None:
    """Mount the API; other stages and app.py add their routers to `of(app)`."""
    settings = config.read(Settings)
    api = FastAPI(
        title=__name__.partition(".")[0],
        version=health.version(),
        docs_url="/docs" if settings.docs else None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
        # A redirect would name this host instead of the proxy in front of it.
        redirect_slashes=False,
        responses=problems.RESPONSES,
        exception_handlers=problems.HANDLERS,
    )
    api.state = app.state  # what stages keep there is for its routes, too
    add_items(api, WRITERS)
    limit = Middleware(JsonLimit, most=settings.max_json_values)
    app.router.routes.append(Mount(PREFIX, api, middleware=[limit]))
    app.state.api = api


def of(app: Starlette) -> FastAPI:
    """Return the API of `app`; call it after the stages are installed."""
    api: FastAPI = app.state.api
    return api
