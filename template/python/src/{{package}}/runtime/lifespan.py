"""Opens stages at the start and closes them at the stop: a stage may have a `lifespan(app)`."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

from starlette.applications import Starlette

from . import DRAIN_SECONDS, EXIT_CONFIG
from .log import Reporter
from .settings import ConfigError
from .stop import exit_status, stopping

CLOSE_SECONDS = 2.0
"""For each stage: all stages, and the requests before, share the supervisor's STOP_SECONDS."""
FAILURES = (Exception, SystemExit)

log = Reporter(logging.getLogger(__name__))


def install(app: Starlette, stages: Iterable[Any]) -> None:
    """Open each stage that has a `lifespan` before the application's own; close it afterwards."""
    found: dict[str, Any] = {
        stage.__name__.rpartition(".")[2]: stage for stage in stages if hasattr(stage, "lifespan")
    }
    if not found:
        return
    own = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            for name, stage in found.items():
                await stack.enter_async_context(_opened(app, name, stage))
            yield await stack.enter_async_context(own(running))

    app.router.lifespan_context = lifespan


def failed_status(app: Starlette) -> int | None:
    """Return the exit status if a stage failed at the start; otherwise None."""
    status: int | None = getattr(app.state, "failed_status", None)
    return status


@asynccontextmanager
async def _opened(app: Starlette, name: str, stage: Any) -> AsyncIterator[None]:
    """Open a stage and close it; the log names a stage that fails or takes long."""
    try:
        with _task_named(f"stage {name} opens"):
            context = stage.lifespan(app)
            await context.__aenter__()
    except (*FAILURES, asyncio.CancelledError) as error:
        if not stopping.asked:
            app.state.failed_status = _report(name, error)
        raise
    try:
        yield
    finally:
        await _close(name, context, _seconds(stage))


def _report(name: str, error: BaseException) -> int:
    """Log why a stage did not open; return the exit status for it."""
    if isinstance(error, ConfigError):
        for problem in error.problems:
            log.critical("stage %s did not open: setting %s", name, problem)
        return EXIT_CONFIG
    log.critical("stage %s did not open: %s: %s", name, type(error).__name__, error)
    return exit_status(error)


def _seconds(stage: Any) -> float:
    """Return how long a stage may take to close.

    One that finishes work as requests do says `DRAINS = True`: it gets what they left of their
    time, too.
    """
    left = stopping.began + DRAIN_SECONDS - time.monotonic() if stopping.asked else 0.0
    return CLOSE_SECONDS + (max(left, 0.0) if getattr(stage, "DRAINS", False) else 0.0)


async def _close(name: str, context: AbstractAsyncContextManager[object], seconds: float) -> None:
    """Close a stage within its time; whatever happens, the others are closed too."""
    try:
        with _task_named(f"stage {name} closes"):
            async with asyncio.timeout(seconds) as limit:
                # Without the error that ended the service: the code after `yield` always runs.
                await context.__aexit__(None, None, None)
    except FAILURES:
        if limit.expired():
            log.error("stage %s did not close within %g s", name, round(seconds, 1))
        else:
            log.exception("stage %s did not close", name)


@contextmanager
def _task_named(what: str) -> Iterator[None]:
    """Name the task after what it does: the watchdog reports slow tasks by name."""
    task = asyncio.current_task()
    if task is None:  # pragma: no cover - a coroutine runs in a task
        raise RuntimeError(what)
    before = task.get_name()
    task.set_name(what)
    try:
        yield
    finally:
        task.set_name(before)
