"""Three stages, of which the variables SECOND_OPENS and SECOND_CLOSES say what the second does."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from .. import config, health

log = logging.getLogger(__name__)


class Probe:
    Settings: type[Any] = config.Settings

    def __init__(self, name: str) -> None:
        self.__name__ = f"{__name__}.{name}"
        self.name = name

    def install(self, app: Starlette, /) -> None:
        opening = os.environ.get("SECOND_OPENS") if self.name == "second" else ""
        if opening == "has a check that hangs":
            health.add_check(app, "queue", hangs)
        if opening in ("has checks", "is degraded"):
            for name, check in (CHECKS if opening == "has checks" else OPTIONAL).items():
                health.add_check(app, name, check)

    def lifespan(self, _app: Starlette) -> AbstractAsyncContextManager[None]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        if self.name == "second":
            await opens(os.environ.get("SECOND_OPENS"))
        log.info("opened %s", self.name)
        yield
        closing = os.environ.get("SECOND_CLOSES")
        if self.name == "second" or closing == "all hang":
            await closes(closing)
        log.info("closed %s", self.name)


async def fine() -> None:
    pass


async def degraded() -> str:
    return "degraded"


async def fails() -> None:
    raise RuntimeError("nobody listens")


async def hangs() -> None:
    await asyncio.sleep(60)


OPTIONAL = {"cache": fine, "search": degraded}
CHECKS = {**OPTIONAL, "database": fails, "queue": hangs, "store": hangs, "users": fails}


async def opens(what: str | None) -> None:
    if what in ("fails", "panics"):
        raise RuntimeError("no database")
    if what == "has no files":
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    if what == "is set wrong":
        raise config.ConfigError(["DATABASE_URL is wrong", "DATABASE_USER is wrong"])
    if what in ("hangs", "blocks"):
        log.info("hanging")
        if what == "blocks":
            time.sleep(60)
        await asyncio.sleep(60)


async def closes(what: str | None) -> None:
    if what == "fails":
        raise RuntimeError("no database")
    if what in ("hangs", "all hang"):
        await asyncio.sleep(60)


STAGES = [Probe("first"), Probe("second"), Probe("third")]
