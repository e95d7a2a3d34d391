"""Reports what takes too long while the event loop runs: while it hangs, and where.

Time is counted in beats: on a slow or paused machine, nothing becomes overdue.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Awaitable, Iterator
from types import FrameType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .log import Reporter
from .stop import end_forked

BEAT_SECONDS = 0.5
SLOW_SECONDS = 4.0
FRAMES = 4

log = Reporter(logging.getLogger(__name__))


class Overdue:
    """Something that takes longer than it should: logged once, with what every task waits for."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.seconds = 0.0

    def look(self) -> None:
        """Count one more beat; log it when it has taken too long."""
        before, self.seconds = self.seconds, self.seconds + BEAT_SECONDS
        if before <= SLOW_SECONDS < self.seconds:
            waiting = "; ".join([*_tasks(), *_threads()])
            words = "%s after %g s: %s; docs/runbook.md#nothing-moves"
            log.warning(words, self.what, SLOW_SECONDS, waiting)


class Requests:
    """ASGI middleware that reports requests that get no answer, and where they hang."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.beats = 0
        self.waiting: dict[asyncio.Task[Any], tuple[int, Scope]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self.app(scope, receive, send)
            return

        def answering(message: Message) -> Awaitable[None]:
            end_forked(sys.exception())  # only the service itself answers
            self.waiting.pop(task, None)
            return send(message)

        async def receiving() -> Message:
            # Meanwhile the service waits for the client: connections.py limits that.
            message = await receive()
            if task in self.waiting:
                self.waiting[task] = (self.beats, scope)
            return message

        self.waiting[task] = (self.beats, scope)
        try:
            await self.app(scope, receiving, answering)
        except BaseException as error:
            end_forked(error)
            raise
        finally:
            self.waiting.pop(task, None)

    def look(self) -> None:
        """Log each request that has waited for too many beats, once."""
        self.beats += 1
        long_ago = self.beats - SLOW_SECONDS / BEAT_SECONDS
        slow = [task for task, (began, _) in self.waiting.items() if began < long_ago]
        for task in slow:
            _, scope = self.waiting.pop(task)
            name = f"{scope['method']} {scope['path']}"
            words = "%s has no answer after %g s and waits in %s; docs/runbook.md#nothing-moves"
            log.warning(words, ascii(name), SLOW_SECONDS, where(task))
        if slow:
            log.warning("the other threads at that time: %s", "; ".join(_threads()) or "none")


def where(task: "asyncio.Task[Any]") -> str:
    """Return where a task waits, the innermost place first."""
    places: list[str] = []
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = _attribute(waiting, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            places.append(_place(frame))
        waiting = _attribute(waiting, "cr_await", "gi_yieldfrom", "ag_await")
        if frame is not None and type(waiting).__name__.startswith("async_generator_"):
            # It does not say whose: in contextlib's frame, that of the context manager.
            waiting = getattr(frame.f_locals.get("self"), "gen", None)
    return " < ".join(reversed(places[-FRAMES:])) or "?"


def _attribute(waiting: Any, *names: str) -> Any:
    return next((found for name in names if (found := getattr(waiting, name, None))), None)


def _tasks() -> Iterator[str]:
    """Return where every other task waits."""
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            yield f"task {task.get_name()} in {where(task)}"


def _threads() -> Iterator[str]:
    """Return where every other thread is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            stack = [_place(found) for found, _ in traceback.walk_stack(frame)]
            yield f"{names.get(ident, 'unknown')} in {' < '.join(stack[:FRAMES])}"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
