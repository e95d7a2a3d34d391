"""Stage api: a FastAPI application under /api, with problem+json errors and OpenAPI."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.applications import Starlette

from ... import config, health
from ...config import boolean, integer, setting
from . import problems
from .items import add_items
from .limits import BodyLimit

PREFIX = "/api"
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    max_body_bytes: int = setting("API_MAX_BODY_BYTES", integer(1, 1 << 30), default=MEBIBYTE)
    docs: bool = setting("API_DOCS", boolean, default=True)


def install(app: Starlette) -> None:
    """Mount the API; `of(app)` is where other stages, and app.py, add their routers."""
    settings = config.read(Settings)
    api = FastAPI(
        title=__name__.partition(".")[0],
        version=health.version(),
        docs_url="/docs" if settings.docs else None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
        # One address a resource: a redirect would name this host, not the proxy before it.
        redirect_slashes=False,
        responses=problems.RESPONSES,
    )
    problems.install(api)
    api.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    add_items(api)
    app.mount(PREFIX, api)
    app.state.api = api


def of(app: Starlette) -> FastAPI:
    """Return the API of `app`, once the stages are installed."""
    api: FastAPI = app.state.api
    return api
