"""What fails while the event loop runs, and nobody would hear of otherwise."""

import asyncio
import concurrent.futures
import logging
import subprocess
import time
from typing import Any

from .boot import Reporter

UNAWAITED_SECONDS = 1.0

log = Reporter(logging.getLogger(__name__))


def install() -> None:
    """Report what the running event loop, executors and child processes keep to themselves."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report_callback)
    loop.set_task_factory(_watched_task)
    executors.install()
    # subprocess sets it when a child has ended: nobody has to look at it.
    subprocess.Popen.returncode = property(_get_status, _set_status)


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
