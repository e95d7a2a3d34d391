"""What fails or hangs while the event loop runs, and nobody would hear of otherwise."""

import asyncio
import concurrent.futures
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .boot import stopping
from .lifeline import lifeline
from .supervisor import EXIT_SOFTWARE

BEAT_SECONDS = 0.5
UNAWAITED_SECONDS = 1.0
SLOW_SECONDS = 4.0
FRAMES = 4

log = logging.getLogger(__name__)


def install() -> None:
    """Report what the running event loop, executors and child processes keep to themselves."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report_callback)
    loop.set_task_factory(_watched_task)
    executors.install()
    # subprocess sets it when a child has ended: nobody has to look at it.
    subprocess.Popen.returncode = property(_get_status, _set_status)


async def beat(server: uvicorn.Server, requests: "Requests", start_seconds: int) -> None:
    """Show that the event loop runs, and look for what does not end."""
    began = time.monotonic()
    start = Overdue("the start-up code of the application has not ended")
    stop = Overdue("the stop has not ended")
    while True:
        lifeline.beat()
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


# --- Callbacks and tasks ---


def _report_callback(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("in the event loop: %s", context["message"], exc_info=context.get("exception"))


def _watched_task(
    loop: asyncio.AbstractEventLoop,
    coroutine: Any,  # noqa: ANN401 - its type depends on Python's version
    **options: Any,  # noqa: ANN401 - name, context and whatever later versions add
) -> "asyncio.Task[Any]":
    task = asyncio.Task(coroutine, loop=loop, **options)
    task.add_done_callback(_look_after)
    return task


def _look_after(task: "asyncio.Task[Any]") -> None:
    # asyncio reports a failed task that nobody awaited when it is collected as garbage: never, for
    # a task that somebody keeps. `_log_traceback` is how asyncio notes that nobody has asked yet.
    if not task.cancelled() and getattr(task, "_log_traceback", False):
        task.get_loop().call_later(UNAWAITED_SECONDS, _report_unawaited, task)


def _report_unawaited(task: "asyncio.Task[Any]") -> None:
    if getattr(task, "_log_traceback", False):
        log.error("task %s failed and nobody awaits it", task.get_name(), exc_info=task.exception())


# --- Executors ---


class Executors:
    """Failures in the threads and processes of executors: they wait to be asked for."""

    def __init__(self) -> None:
        """Start with none."""
        self.failed: dict[concurrent.futures.Future[Any], float] = {}

    def install(self) -> None:
        """Note every failure, and take it off when somebody asks for it."""
        future = concurrent.futures.Future
        for name in ("result", "exception"):
            setattr(future, name, self._asking(getattr(future, name)))
        future.set_exception = self._failing(future.set_exception)  # type: ignore[method-assign]

    def _failing(self, original: Any) -> Any:  # noqa: ANN401 - a method
        def set_exception(future: "concurrent.futures.Future[Any]", error: BaseException) -> None:
            self.failed[future] = time.monotonic()
            original(future, error)

        return set_exception

    def _asking(self, original: Any) -> Any:  # noqa: ANN401 - a method
        def ask(future: "concurrent.futures.Future[Any]", *args: Any, **options: Any) -> Any:  # noqa: ANN401
            try:
                return original(future, *args, **options)
            finally:
                self.failed.pop(future, None)

        return ask

    def report(self) -> None:
        """Log the failures that nobody has asked for."""
        for future, since in list(self.failed.items()):
            if time.monotonic() - since > UNAWAITED_SECONDS:
                error = future.exception()
                log.error("a call in an executor failed and nobody asks for it", exc_info=error)


executors = Executors()


# --- Child processes ---


def _get_status(process: "subprocess.Popen[Any]") -> int | None:
    status: int | None = vars(process).get("returncode")
    return status


def _set_status(process: "subprocess.Popen[Any]", status: int | None) -> None:
    vars(process)["returncode"] = status
    if status is not None and status < 0:
        log.warning("child process %d was killed by signal %d", process.pid, -status)


# --- Requests ---


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
