"""What hangs while the event loop runs: said while it hangs, with the place."""

import asyncio
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .boot import Reporter, stopping
from .failures import executors
from .lifeline import lifeline
from .supervisor import EXIT_SOFTWARE

BEAT_SECONDS = 0.5
SLOW_SECONDS = 4.0
FRAMES = 4
REPORTING = ("asyncio", "uvicorn.error")  # loggers of libraries that report failures

log = Reporter(logging.getLogger(__name__))


async def beat(server: uvicorn.Server, requests: "Requests", start_seconds: int) -> None:
    """Show that the event loop runs, and look for what does not end."""
    began = time.monotonic()
    start = Overdue("the start-up code of the application has not ended")
    stop = Overdue("the stop has not ended")
    while True:
        lifeline.beat()
        for name in REPORTING:
            logging.getLogger(name).disabled = False
        executors.report()
        requests.report()
        stop.look(stopping.began)
        if not server.started:
            start.look(began)
            if time.monotonic() - began > start_seconds:
                log.critical("the start took more than %d s: START_SECONDS is over", start_seconds)
                lifeline.end(EXIT_SOFTWARE)
                os._exit(EXIT_SOFTWARE)  # code that does not end may not heed anything milder
        await asyncio.sleep(BEAT_SECONDS)


class Overdue:
    """Something that takes longer than it should: said once, with what everything waits for."""

    def __init__(self, what: str) -> None:
        """Call it `what`."""
        self.what = what
        self.said = False

    def look(self, since: float) -> None:
        """Log it if it began long ago; 0 says that it has not begun."""
        if self.said or not since or not _is_long_ago(since):
            return
        self.said = True
        waiting = "; ".join([*_tasks(), *_threads()])
        words = "%s after %g s: %s; docs/runbook.md#nothing-moves"
        log.warning(words, self.what, SLOW_SECONDS, waiting)


class Requests:
    """Around the application: reports a request that gets no answer, and where it hangs."""

    def __init__(self, app: ASGIApp) -> None:
        """Watch the requests to `app`."""
        self.app = app
        self.waiting: dict[asyncio.Task[Any], tuple[float, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self.app(scope, receive, send)
            return

        def answering(message: Message) -> Awaitable[None]:
            self.waiting.pop(task, None)
            return send(message)

        self.waiting[task] = (time.monotonic(), f"{scope['method']} {scope['path']}")
        try:
            await self.app(scope, receive, answering)
        finally:
            self.waiting.pop(task, None)

    def report(self) -> None:
        """Log the requests that have waited long, once each."""
        slow = [t for t, (began, _) in self.waiting.items() if _is_long_ago(began)]
        for task in slow:
            _, name = self.waiting.pop(task)
            log.warning(
                "%s has no answer after %g s and goes on: in %s; docs/runbook.md#nothing-moves",
                ascii(name),
                SLOW_SECONDS,
                where(task),
            )
        if slow:
            log.warning("the other threads meanwhile: %s", "; ".join(_threads()) or "none")


def _is_long_ago(moment: float) -> bool:
    return time.monotonic() - moment > SLOW_SECONDS


def where(task: "asyncio.Task[Any]") -> str:
    """Return the places that a task waits at, the innermost first."""
    places: list[str] = []
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is not None:
            places.append(_place(frame))
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return " < ".join(reversed(places[-FRAMES:])) or "?"


def _tasks() -> Iterator[str]:
    """Return where every other task waits."""
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            yield f"task {task.get_name()} in {where(task)}"


def _threads() -> Iterator[str]:
    """Return where every other thread is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - documented, and the only way
        if ident != threading.get_ident():
            stack = [_place(found) for found, _ in traceback.walk_stack(frame)]
            yield f"{names.get(ident, 'unknown')} in {' < '.join(stack[:FRAMES])}"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
