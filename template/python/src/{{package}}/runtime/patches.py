"""Patches of the standard library where it has no hook. RUNTIME_PATCHES=0 applies none.

- `Logger.makeRecord` and `handle`: a record factory, filter or handler that raises would break the
  code that logs. `logging.setLoggerClass` does not affect the root logger or existing loggers.
- `os.waitpid`: only its result shows that a child process was killed. subprocess, asyncio and
  multiprocessing use it, too: it is patched before they are imported.
- `signal.raise_signal`: unlike `os.kill`, it raises no audit event.
- `Future.set_exception`, `result` and `exception` of concurrent.futures: the failure of a call in
  an executor stays in the future, and nothing shows whether anybody has read it.
"""

import concurrent.futures
import logging
import os
import signal
import sys
import time
import traceback
from typing import Any

from . import child_processes, sent_signals, stdio
from .log import HANDLER_NAME, Reporter

KINDS = 100  # of logging failures that are reported
UNASKED_SECONDS = 1.0

log = Reporter(logging.getLogger(__name__))
_said: set[str] = set()  # reported once each, because they recur with every line
_failed: dict["concurrent.futures.Future[Any]", float] = {}  # when each failed


def install() -> None:
    """Apply the patches, unless the environment says otherwise."""
    if os.environ.get("RUNTIME_PATCHES") == "0":
        return
    _wrap("makeRecord", lambda *args: logging.LogRecord(*args[:8]))
    _wrap("handle", _write)
    os.waitpid = _reporting(os.waitpid)
    signal.raise_signal = _noting(signal.raise_signal)
    future = concurrent.futures.Future
    future.set_exception = _failing(future.set_exception)  # type: ignore[method-assign]
    for name in ("result", "exception"):
        setattr(future, name, _asking(getattr(future, name)))


# --- Logging ---


def _wrap(name: str, instead: Any) -> None:
    """Make a method of Logger call `instead` when it raises, and report that."""
    original = getattr(logging.Logger, name)

    def safe(logger: logging.Logger, *args: Any, **options: Any) -> Any:
        writes = stdio.Output.writes
        try:
            return original(logger, *args, **options)
        except Exception as error:
            _say_failure(error)
            return instead(*args) if name == "makeRecord" or stdio.Output.writes == writes else None

    setattr(logging.Logger, name, safe)


def _write(record: logging.LogRecord) -> None:
    for handler in logging.getLogger().handlers:
        if handler.name == HANDLER_NAME:
            handler.emit(record)  # without the filters
            return
    try:
        message = record.getMessage()
    except Exception:  # its arguments do not match, or raise
        message = f"{record.msg} % {record.args!r}"
    if record.exc_info and record.exc_info[1]:
        message += "\n" + "".join(traceback.format_exception(record.exc_info[1]))
    stdio.say(record.levelname, record.name, message)


def _say_failure(error: Exception) -> None:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename}:{place.lineno} {place.name}"
    words = f"logging failed, and the line is written without it: {error!r} in {where}"
    if words not in _said and len(_said) < KINDS:
        _said.add(words)
        stdio.say("ERROR", "logging", words)


# --- Processes ---


def _reporting(waitpid: Any) -> Any:
    def reporting(process: int, options: int, /) -> tuple[int, int]:
        found, status = waitpid(process, options)
        if found and os.WIFSIGNALED(status):
            child_processes.report(found, os.WTERMSIG(status))
        return found, status

    return reporting


def _noting(raise_signal: Any) -> Any:
    def noting(number: int, /) -> None:
        sent_signals.note(number, "raise_signal", sys._getframe(1))
        raise_signal(number)

    return noting


# --- Executors ---


def _failing(set_exception: Any) -> Any:
    def failing(future: "concurrent.futures.Future[Any]", error: BaseException) -> None:
        _failed[future] = time.monotonic()
        set_exception(future, error)

    return failing


def _asking(original: Any) -> Any:
    def asking(future: "concurrent.futures.Future[Any]", *args: Any, **options: Any) -> Any:
        try:
            return original(future, *args, **options)
        finally:
            _failed.pop(future, None)

    return asking


def report_executors() -> None:
    """Log failed calls in executors whose result nobody has read."""
    for future, since in list(_failed.items()):
        if time.monotonic() - since > UNASKED_SECONDS:
            error = future.exception()
            log.error("a call in an executor failed and nobody has read its result", exc_info=error)
