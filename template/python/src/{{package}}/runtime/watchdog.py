"""Beats while the event loop runs, and looks for failures that would go unnoticed."""

import asyncio
import logging
import os
import socket
import time

import uvicorn

from . import EXIT_SOFTWARE, child_processes, patches, stdio
from .connections import Connections
from .hangs import BEAT_SECONDS, Overdue, Requests
from .log import Reporter
from .repeats import repeats
from .shared_state import shared
from .stop import stopping

LOST_BEATS = 2
REPORTING = ("asyncio", "uvicorn.error")  # loggers of libraries that report failures

log = Reporter(logging.getLogger(__name__))


class Watchdog:
    """A callback that schedules itself, not a task.

    Code that cancels all tasks does not stop it, and a failure costs one beat.
    """

    def __init__(
        self,
        server: uvicorn.Server,
        listener: socket.socket,
        requests: Requests,
        limited: Connections,
        start_seconds: int,
    ) -> None:
        self.server = server
        self.listener = Listener(listener)
        self.requests = requests
        self.limited = limited
        self.lost = 0  # beats without a listening socket
        self.start = Overdue("the start-up code of the application has not ended")
        self.stop = Overdue("the stop has not ended")
        self.start_seconds = start_seconds
        self.handle: asyncio.Handle | None = None

    def is_deaf(self) -> bool:
        """Tell whether the server stopped because nobody can reach it."""
        return self.lost >= LOST_BEATS

    def beat(self) -> None:
        """Record that the event loop runs, now and periodically."""
        shared.beat = time.monotonic()
        try:
            self.look()
        except Exception:
            log.exception("the watchdog failed; it continues")
        finally:
            self.handle = asyncio.get_running_loop().call_later(BEAT_SECONDS, self.beat)

    def end(self) -> None:
        """Stop beating: the event loop has nothing left to do."""
        if self.handle is not None:
            self.handle.cancel()
        shared.finished = 1

    def look(self) -> None:
        for name in REPORTING:
            logging.getLogger(name).disabled = False
        shared.kept = sum(1 << number for number in stopping.kept())
        stdio.tell_lost()
        patches.report_executors()
        child_processes.look()
        self.requests.look()
        self.limited.look(BEAT_SECONDS)
        repeats.report()
        if stopping.asked:
            self.stop.look()
        if not self.server.started:
            self.look_at_start()
        elif not self.server.should_exit:
            self.look_at_listener()
            self.look_at_lifespan()

    def look_at_start(self) -> None:
        """End a start that takes too long."""
        self.start.look()
        if self.start.seconds > self.start_seconds:
            log.critical("the start took more than %d s: START_SECONDS is over", self.start_seconds)
            shared.end(EXIT_SOFTWARE)
            os._exit(EXIT_SOFTWARE)  # code that does not end may ignore anything milder

    def look_at_listener(self) -> None:
        """Stop a service that cannot be reached any more: only a restart fixes that."""
        found = self.listener.lost()
        self.lost = self.lost + 1 if found else 0
        if self.lost == LOST_BEATS:
            log.critical(
                "the socket that listens on %s %s: no connection can arrive any more, the service"
                " stops; docs/runbook.md#answers-nobody",
                self.listener.name,
                found,
            )
            self.listener.replace()
            self.server.should_exit = True

    def look_at_lifespan(self) -> None:
        """Stop a service whose lifespan ended early: what it opened is closed."""
        ended = getattr(self.server.lifespan, "shutdown_event", None)  # not for lifespan="off"
        if ended is not None and ended.is_set() and not self.server.should_exit:
            log.critical("the lifespan of the application ended while it served: the service stops")
            self.server.should_exit = True


class Listener:
    """The listening socket by its descriptor: any code in the process can close it."""

    def __init__(self, listener: socket.socket) -> None:
        self.name = "{}:{}".format(*listener.getsockname())
        self.number = listener.fileno()
        self.identity = self._identity()

    def _identity(self) -> tuple[int, int]:
        found = os.fstat(self.number)
        return found.st_dev, found.st_ino

    def lost(self) -> str:
        """Return what happened to it; empty while it is open."""
        try:
            if self._identity() == self.identity:
                return ""
        except OSError:
            return "was closed"
        return f"was closed, and its number {self.number} is in use for something else"

    def replace(self) -> None:
        """Put a descriptor in its place that can be closed, for an orderly stop."""
        try:
            os.fstat(self.number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDONLY), self.number)
