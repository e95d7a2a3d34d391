"""Settings, preflight, application, server: what happens between boot and the first request."""

import asyncio
import errno
import logging
import os
import socket
from http import HTTPStatus
from typing import Any

import uvicorn

from . import config, stages
from .boot import EXIT_SOFTWARE

EXIT_SYSTEM = 71  # sysexits.h, EX_OSERR: the system refuses something that the service needs
DRAIN_SECONDS = 10
UNAWAITED_SECONDS = 1.0

log = logging.getLogger(__name__)


class ListenError(Exception):
    """The address cannot be used."""


def run() -> int:
    """Serve until asked to stop; return the exit status."""
    try:
        config.check(config.Settings, *stages.settings())
        settings = config.read(config.Settings)
        listener = listen(settings.host, settings.port)
        # Imported late: the user's code runs on import, and may use what the checks vouch for.
        from .app import create_app

        app = create_app()
    except config.ConfigError as error:
        for problem in error.problems:
            log.critical("setting %s", problem)
        return config.EXIT_CONFIG
    except ListenError as error:
        log.critical("%s", error)
        return EXIT_SYSTEM

    log.info("listening on %s:%d", settings.host, settings.port)
    logging.getLogger("uvicorn.access").addFilter(_no_probe)
    # log_config=None: uvicorn's loggers use the handlers that are there.
    options = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=DRAIN_SECONDS)
    server = uvicorn.Server(options)
    asyncio.run(serve(server, listener))
    # After a stop that was asked for, boot's signal handler ends the process before this line.
    log.critical("the server stopped without being asked to")
    return EXIT_SOFTWARE


def _no_probe(record: logging.LogRecord) -> bool:
    """Drop the lines of health checks that succeed, which would bury all others."""
    match record.args:
        case (_, _, str(path), _, int(status)) if status < HTTPStatus.BAD_REQUEST:
            return not (path == "/health" or path.startswith("/health/"))
    return True


def listen(host: str, port: int) -> socket.socket:
    """Bind the address; raise ListenError, which says what to do."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise ListenError(f"cannot listen on {host}:{port}: {_advice(error)}") from error
    if os.path.exists("/.dockerenv") and address[0] in ("127.0.0.1", "::1"):  # noqa: PTH110
        log.warning("HOST=%s is reachable only from inside this container", host)
    return listener


def _advice(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"HOST is not an address or name of this machine ({error.strerror})"
    known = {
        errno.EADDRINUSE: "another process has this port; stop it, or set PORT to a free one",
        errno.EACCES: "this user may not use the port; set PORT to 1024 or above",
        errno.EADDRNOTAVAIL: "this machine does not have the address; set HOST to one that it has",
    }
    return known.get(error.errno or 0, error.strerror or str(error))


async def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run the server on a loop that reports what fails in it."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report_callback)
    loop.set_task_factory(_watched_task)
    await server.serve(sockets=[listener])


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
