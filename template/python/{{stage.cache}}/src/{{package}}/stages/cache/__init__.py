"""Stage cache: values that are kept in Redis for a while, if there is one."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ... import config, health
from ...config import integer, setting
from ...runtime.redis_link import Link
from ...runtime.redis_url import Address, parse
from .observing import Observing
from .values import Cache

__all__ = ["Cache", "Settings", "install", "lifespan", "of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the stage reads from the environment."""

    # An address cannot be changed, which ruff does not see.
    url: Address | None = setting("CACHE_URL", parse, default=None, secret=True)  # noqa: RUF009
    timeout: int = setting("CACHE_TIMEOUT", integer(10, 5000), default=250)
    max_value_bytes: int = setting("CACHE_MAX_VALUE_BYTES", integer(1, 1 << 28), default=1 << 20)


def install(app: Starlette) -> None:
    """Give every request the cache; connect to nothing yet."""
    settings = config.read(Settings)
    prefix = f"{__name__.partition('.')[0]}:"
    link = Link(settings.url, settings.timeout, prefix) if settings.url else None
    if link is None:
        log.info("CACHE_URL is not set: nothing is cached")
    observing = Observing(app, link)
    app.state.cache = Cache(link, observing, prefix, settings.max_value_bytes)
    app.add_middleware(Offer, cache=app.state.cache)
    health.add_check(app, "cache", app.state.cache.amiss)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep the link to the server, which nothing waits for."""
    link = app.state.cache.link
    if link is None:
        yield
        return
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(link.keep(), name="cache")
        yield
        keeping.cancel()
    await link.close()


def of(request: Request) -> Cache:
    """Return the cache, in any route; with FastAPI: `Annotated[Cache, Depends(of)]`."""
    found: Cache = request.state.cache
    return found


class Offer:
    """ASGI middleware that gives requests the cache: mounted applications have no other way."""

    def __init__(self, app: ASGIApp, cache: Cache) -> None:
        """Wrap `app`."""
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "lifespan":
            scope.setdefault("state", {})["cache"] = self._cache
        await self._app(scope, receive, send)
