"""Settings, preflight, application, server: what happens between boot and the first request."""

import asyncio
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn

from . import config, failures, stages, watch
from .boot import Reporter, stopping
from .supervisor import EXIT_SOFTWARE, EXIT_SYSTEM

# So long are requests waited for at a stop: shorter than the supervisor waits for all of it.
DRAIN_SECONDS = 7
AGAIN_SECONDS = 1.0

log = Reporter(logging.getLogger(__name__))


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
    requests = watch.Requests(app)
    # log_config=None: uvicorn's loggers use the handlers that are there.
    options = uvicorn.Config(requests, log_config=None, timeout_graceful_shutdown=DRAIN_SECONDS)
    server = Server(options)
    stopping.act = server.stop
    asyncio.run(serve(server, listener, requests, settings.start_seconds))
    if stopping.asked:
        return stopping.status()
    log.critical("the server stopped without being asked to; docs/runbook.md#log-lines")
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


class Server(uvicorn.Server):
    """uvicorn's server, stopped by boot's signal handler, which serves before and after it, too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to boot."""
        yield

    def stop(self) -> None:
        """Finish the requests; do not, when asked again. A group of processes is asked twice."""
        if not self.started:
            # The start-up code is in the middle of something: its end says nothing of use.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            raise SystemExit(stopping.status())
        self.force_exit = time.monotonic() - stopping.began > AGAIN_SECONDS
        self.should_exit = True


async def serve(
    server: Server, listener: socket.socket, requests: watch.Requests, start_seconds: int
) -> None:
    """Run the server on a loop that reports what fails or hangs in it."""
    failures.install()
    beat = asyncio.create_task(watch.beat(server, requests, start_seconds), name="watch")
    try:
        await server.serve(sockets=[listener])
    except SystemExit:
        if stopping.asked:
            raise
        log.debug("uvicorn has logged why the start-up code of the application failed")
    finally:
        beat.cancel()
