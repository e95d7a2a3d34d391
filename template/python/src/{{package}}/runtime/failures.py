"""Reports failures in the event loop that would otherwise go unnoticed."""

import asyncio
import logging
from typing import Any

from .log import Reporter

UNAWAITED_SECONDS = 1.0
ABOUT = ("task", "future", "handle", "transport", "protocol", "asyncgen")

log = Reporter(logging.getLogger(__name__))


def install() -> None:
    """Report failures of the running event loop and of its tasks."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report_callback)
    loop.set_task_factory(_watched_task)


def _report_callback(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    about = "; ".join(f"{name}: {context[name]!r}" for name in ABOUT if name in context)
    words = f"{context['message']} ({about})" if about else context["message"]
    log.error("in the event loop: %s", words, exc_info=context.get("exception"))


def _watched_task(
    loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
) -> "asyncio.Task[Any]":
    task = asyncio.Task(coroutine, loop=loop, **options)
    task.add_done_callback(_look_after)
    return task


def _look_after(task: "asyncio.Task[Any]") -> None:
    # asyncio reports a failed task that nobody awaited when it is garbage-collected, which never
    # happens while a reference exists. `_log_traceback` means that nobody has read the result yet.
    if not task.cancelled() and getattr(task, "_log_traceback", False):
        task.get_loop().call_later(UNAWAITED_SECONDS, _report_unawaited, task)


def _report_unawaited(task: "asyncio.Task[Any]") -> None:
    if getattr(task, "_log_traceback", False):
        name, error = task.get_name(), task.exception()
        log.error("task %s failed and nobody awaits it yet", name, exc_info=error)
