"""From boot to the first request: settings, port, application, server."""

import asyncio
import errno
import logging
import os
import socket
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn

from .. import config, health, stages
from . import (
    DRAIN_SECONDS,
    EXIT_CONFIG,
    EXIT_SOFTWARE,
    EXIT_SYSTEM,
    connections,
    failures,
    lifespan,
)
from .hangs import Requests
from .log import Reporter
from .repeats import repeats
from .shared_state import shared
from .stop import end_forked, stopping
from .watchdog import Watchdog

AGAIN_SECONDS = 1.0
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where to connect when listening on all addresses
ADVICE = {
    errno.EADDRINUSE: "another process has this port; stop it, or set PORT to a free one",
    errno.EACCES: "this user may not use the port; set PORT to 1024 or above",
    errno.EADDRNOTAVAIL: "this machine does not have the address; set HOST to one that it has",
}

log = Reporter(logging.getLogger(__name__))


def run() -> int:
    """Serve until asked to stop; return the exit status."""
    try:
        config.check(config.Settings, *stages.settings())
        settings = config.read(config.Settings)
        listener = listen(settings.host, settings.port)
        if listener is None:
            return EXIT_SYSTEM
        # Imported late: the user's code runs on import, and may rely on what was checked above.
        from ..app import create_app

        app = create_app()
    except config.ConfigError as error:
        for problem in error.problems:
            log.critical("setting %s", problem)
        return EXIT_CONFIG

    log.info("listening on %s:%d", settings.host, settings.port)
    logging.getLogger("uvicorn.access").addFilter(_no_routine)
    limit = connections.most(settings.max_connections)
    requests = Requests(app)
    limited = connections.Connections(requests, limit, settings.root_path)
    server = Server(_options(limited, settings))
    stopping.act = server.stop
    watched = Watchdog(server, listener, requests, limited, settings.start_seconds)
    run_loop(serve(server, listener, watched))
    repeats.report(seconds=0)
    if stopping.asked:
        return stopping.status()
    if watched.is_deaf():
        return EXIT_SOFTWARE
    if status := lifespan.failed_status(app):
        return status
    log.critical("the server stopped without being asked to; docs/runbook.md#log-lines")
    return EXIT_SOFTWARE


def _options(limited: connections.Connections, settings: config.Settings) -> uvicorn.Config:
    trusted = settings.forwarded_allow_ips
    if any(network == "*" or network.endswith("/0") for network in trusted):
        log.warning(
            "FORWARDED_ALLOW_IPS trusts everybody: a client that reaches this port without"
            " the proxy can forge its address; name the proxy's address instead"
        )
    protocol: Any = partial(connections.Connection, limited)
    return uvicorn.Config(
        limited,
        log_config=None,  # uvicorn's loggers use the existing handlers
        http=protocol,
        backlog=limited.backlog,
        ws_max_size=settings.max_body_bytes,
        timeout_keep_alive=settings.keep_alive_seconds,
        forwarded_allow_ips=list(trusted),
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def _no_routine(record: logging.LogRecord) -> bool:
    """Drop the lines of what succeeds every few seconds, which would bury all others."""
    match record.args:
        case (_, _, str(path), _, int(status)) if health.is_routine(path):
            return status >= HTTPStatus.BAD_REQUEST
    return True


def listen(host: str, port: int) -> socket.socket | None:
    """Bind the address; if that fails, log why and what to do, and return None."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, error.strerror or str(error))
        if isinstance(error, socket.gaierror):
            advice = f"HOST is not an address or name of this machine ({error.strerror})"
        log.critical("cannot listen on %s:%d: %s", host, port, advice)
        return None
    if os.path.exists("/.dockerenv") and address[0] in ("127.0.0.1", "::1"):
        log.warning("HOST=%s is reachable only from inside this container", host)
    return listener


class Server(uvicorn.Server):
    """uvicorn's server; its signals are handled by `stop`, which also works before and after it."""

    status = 0
    """The exit status of a stop before the start has finished."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `stop`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the supervisor where the service answers."""
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            shared.address = f"{ANY.get(host, host)} {port}".encode()

    def stop(self) -> None:
        """Finish the requests, unless asked again. A process group gets a signal twice."""
        if not self.started:
            # The start-up code was interrupted: how it ends means nothing.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            self.status = stopping.status()
            raise SystemExit(self.status)
        self.force_exit = time.monotonic() - stopping.began > AGAIN_SECONDS
        self.should_exit = True
        if self.force_exit:
            # From Python 3.12 on, asyncio waits for the end of every connection.
            for connection in list(self.server_state.connections):
                connection.transport.abort()


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run an event loop like asyncio.run(), but a forked process leaves the loop as it is."""
    with asyncio.Runner() as runner:
        try:
            runner.run(main)
        except BaseException as error:
            # Closing it would also remove the service's connections from epoll.
            end_forked(error)
            raise


async def serve(server: Server, listener: socket.socket, watched: Watchdog) -> None:
    """Run the server on a loop that reports failures and hangs."""
    failures.install()
    watched.beat()
    try:
        await server.serve(sockets=[listener])
    except SystemExit:
        if shared.is_forked():
            raise
        if stopping.asked:  # uvicorn has its own status for code that a stop interrupts
            raise SystemExit(server.status) from None
        log.debug("uvicorn has logged why the start-up code of the application failed")
    finally:
        watched.end()
