"""The connections of the server: limited in number, and none waits for its client forever."""

import asyncio
import logging
import resource
import socket
import struct
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .. import health
from . import problems
from .log import Reporter

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HTTPProtocol
else:  # or the httptools one, which has the same attributes
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as HTTPProtocol

HEAD, BODY, ANSWER = "the head of a request", "a body", "reading an answer"
PATIENCE_SECONDS = {HEAD: 10.0, BODY: 20.0, ANSWER: 20.0}
"""How long a client may take; each LEAST_RATE bytes transferred add a second."""
LEAST_RATE = 1024  # bytes a second
MOST_SECONDS = 300.0
"""The most time a fast client earns: some read much at once, then nothing for a minute."""
UNREAD = 256 * 1024
"""How many bytes a system buffers for a client that reads nothing."""
STUCK_SECONDS = 3.0
"""At the limit, a transfer that was slower than LEAST_RATE for this long is closed for others."""
ACKNOWLEDGED = struct.Struct("=120xQ")
"""The offset in tcp_info (linux/tcp.h) of the number of bytes that the peer has acknowledged."""
SPARE = 16
"""Connections beyond the limit, reserved for health checks."""
BACKLOG = 128

log = Reporter(logging.getLogger(__name__))


def most(asked: int) -> int:
    """Return the limit of connections: at most half of the files that the process may open."""
    files, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if files != unlimited and files < 2 * asked:
        files = 2 * asked if hard == unlimited else min(2 * asked, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    if files == unlimited or files >= 2 * asked:
        return asked
    found = max(files // 2, 1)
    words = "MAX_CONNECTIONS is %d; using %d: this process may open only %d files (ulimit -n)"
    log.warning(words, asked, found, files)
    return found


class Connections:
    """Up to `limit` connections to `app`, including those that became websockets."""

    def __init__(self, app: ASGIApp, limit: int, root_path: str) -> None:
        self.app = app
        self.limit = limit
        # Connections in the backlog take files, too: keep both small where the limit is low.
        self.spare = min(SPARE, max(limit // 4, 4))
        self.backlog = min(BACKLOG, max(limit // 4, 8))
        self.root_path = root_path
        self.open: dict[Connection, None] = {}  # oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 while there are too many connections, except to health checks."""
        scope = _in_origin_form(scope)
        if scope["type"] != "http" or len(self.open) <= self.limit or self._is_probe(scope):
            await self.app(scope, receive, send)
            return
        log.warning("MAX_CONNECTIONS (%d) is reached: a request gets 503", self.limit)
        headers = {"Retry-After": "1", "Connection": "close"}
        detail = "the service has too many connections; try again"
        busy = problems.answer(scope, HTTPStatus.SERVICE_UNAVAILABLE, detail, headers)
        await busy(scope, receive, send)

    def _is_probe(self, scope: Scope) -> bool:
        return health.is_probe(scope["path"].removeprefix(self.root_path))

    def admit(self, connection: "Connection") -> bool:
        """Add a connection; at the limit, first close one that waits for its client."""
        if len(self.open) >= self.limit:
            waiting = next(self._dispensable(), None)
            if waiting:
                words = "MAX_CONNECTIONS (%d) is reached: one of %s, which waits for %s, is closed"
                log.warning(words, self.limit, waiting.name, waiting.waits_for())
                waiting.drop()
        if len(self.open) >= self.limit + self.spare:
            log.warning("MAX_CONNECTIONS (%d) is reached: one more is refused", self.limit)
            return False
        self.open[connection] = None
        return True

    def _dispensable(self) -> Iterator["Connection"]:
        """Return the connections that can be closed, idle ones first; no active transfer."""
        yield from (found for found in self.open if found.waits_for() == HEAD)
        stuck = (found for found in self.open if found.stuck >= STUCK_SECONDS)
        yield from (found for found in stuck if found.waits_for())

    def look(self, seconds: float) -> None:
        """Close connections whose clients take too long; the last look was `seconds` ago."""
        for connection in list(self.open):
            connection.look(seconds)


def _in_origin_form(scope: Scope) -> Scope:
    """Return what was asked for without `http://host`, with which a client asks a proxy."""
    if scope["type"] != "http" or not scope["path"].startswith(("http://", "https://")):
        return scope
    path = "/" + scope["path"].partition("://")[2].partition("/")[2]
    raw_path = b"/" + scope["raw_path"].partition(b"://")[2].partition(b"/")[2]
    return {**scope, "path": path, "raw_path": raw_path}


class Connection(HTTPProtocol):
    """uvicorn's protocol, which also watches how fast its client is."""

    def __init__(self, all_of_them: Connections, **options: Any) -> None:
        super().__init__(**options)
        self.all = all_of_them
        self.name = "?"  # the client's address
        self.received = 0
        self.wait: tuple[str, object] = ("", None)  # what it waits for, and in which request
        self.left = 0.0  # seconds that it may still wait
        self.stuck = 0.0  # seconds in which the transfer was slower than LEAST_RATE
        self.seen: dict[str, int] = {}  # bytes at the last look

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serve the connection if there is room."""
        super().connection_made(transport)
        self.name = self.client[0] if self.client else "?"
        if not self.all.admit(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.all.open.pop(self, None)
        super().connection_lost(exc)

    def waits_for(self) -> str:
        """Return what the client has to do next; empty while the client waits for the service.

        Between two requests, a connection waits for a head, too; uvicorn has a timer for that.
        """
        if self.transport.get_write_buffer_size():
            return ANSWER
        if self.transport.get_protocol() is not self:  # a websocket, which has its own pings
            return ""
        request = self.cycle
        if request is None or request.response_complete:
            return HEAD
        late = request.more_body and not self.flow.read_paused
        return BODY if late and not request.waiting_for_100_continue else ""

    def look(self, seconds: float) -> None:
        """Record what the client has done; close the connection if it takes too long."""
        if self.transport.get_protocol() is not self and self.transport.is_closing():
            self.all.open.pop(self, None)  # a websocket that has ended
            return
        what = self.waits_for()
        before, self.seen = self.seen, {BODY: self.received, ANSWER: self._taken()}
        moved = self.seen.get(what, 0) - before.get(what, 0)
        idle = what == HEAD and self.timeout_keep_alive_task is not None
        if not what or idle or self.wait != (what, self.cycle):
            self.wait = (what, self.cycle)
            self.stuck, self.left = 0.0, PATIENCE_SECONDS.get(what, 0.0)
            moved = max(moved - UNREAD, 0)
        else:
            # Counts looks, not time: a blocked event loop is not the client's fault.
            self.stuck = 0.0 if moved >= LEAST_RATE * seconds else self.stuck + seconds
            self.left -= seconds
        self.left = min(self.left + moved / LEAST_RATE, MOST_SECONDS)
        if self.left < 0:
            words = "%s took more than %g s for %s: its connection is closed"
            log.warning(words, self.name, PATIENCE_SECONDS[what], what)
            self.drop()

    def _taken(self) -> int:
        """Return how many bytes the client's system has acknowledged.

        The transport does not know: the kernel buffers megabytes, and a slow client can read those
        for a minute before there is room for more.
        """
        kernel: Any = self.transport.get_extra_info("socket")
        try:
            found = kernel.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKNOWLEDGED.size)
            return int(ACKNOWLEDGED.unpack(found)[0])
        except (AttributeError, OSError, struct.error):  # not Linux: bytes that left the process
            return -self.transport.get_write_buffer_size()

    def drop(self) -> None:
        """Close the connection at once; its request sees a disconnected client."""
        self.transport.abort()
        self.all.open.pop(self, None)
