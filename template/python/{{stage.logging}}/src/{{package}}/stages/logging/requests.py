"""Ids for requests, and one line for each."""

import logging
import re
import secrets
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import context

# Nothing that could end a line, a header or a quotation, or fill a disk.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
# https://www.w3.org/TR/trace-context: ids of zeros and version ff are invalid; versions after 00
# may append to it.
_TRACEPARENT = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})"
    rb"-(?!0{16})(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<appended>-.*)?"
)
_STARTS = frozenset(("http.response.start", "websocket.accept", "websocket.http.response.start"))
_BAD_REQUEST = 400
_SERVER_ERROR = 500

log = logging.getLogger(__name__)


def ids(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the ids that a request brings; a request id is made if it brings none."""
    brought = dict(headers)
    trace = _trace(brought.get(b"traceparent", b""))
    request_id = brought.get(b"x-request-id", b"")
    if _REQUEST_ID.fullmatch(request_id):
        return {"request_id": request_id.decode(), **trace}
    return {"request_id": trace.get("trace_id") or secrets.token_hex(16), **trace}


def _trace(traceparent: bytes) -> dict[str, str]:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found["appended"] and found["version"] == b"00"):
        return {}
    return {"trace_id": found["trace"].decode(), "span_id": found["span"].decode()}


class RequestLog:
    """ASGI middleware: gives each request its ids, and writes its line."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; what is neither HTTP nor a websocket passes as it is."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        found = ids(scope["headers"])
        # Never reset: the server still logs an exception of this request when the call is over.
        # Each request is a task, and its context ends with it.
        context.request.set(found)
        scope.setdefault("state", {})["request_id"] = found["request_id"]
        exchange = _Exchange(scope, found["request_id"], send)
        try:
            await self._app(scope, receive, exchange.send)
        finally:
            if scope["type"] == "http":
                exchange.log()


class _Exchange:
    """A request and what is known of its response."""

    def __init__(self, scope: Scope, request_id: str, send: Send) -> None:
        self._scope = scope
        self._header = (b"x-request-id", request_id.encode())
        self._send = send
        self._began = time.perf_counter()
        # What the server answers if the application ends without an answer.
        self._status = _SERVER_ERROR

    async def send(self, message: Message) -> None:
        if message["type"] in _STARTS:
            self._status = message.get("status", self._status)
            name = self._header[0]
            others = [header for header in message.get("headers", ()) if header[0].lower() != name]
            message = {**message, "headers": [*others, self._header]}
        await self._send(message)

    def log(self) -> None:
        level = _level(self._scope["path"], self._status)
        if not log.isEnabledFor(level):
            return
        method, path = self._scope["method"], self._scope["path"]
        duration = round((time.perf_counter() - self._began) * 1000, 2)
        extra = {
            "http.request.method": method,
            "url.path": path,  # without the query, which holds what people type, and tokens
            "http.response.status_code": self._status,
            "duration_ms": duration,
            "client.address": (self._scope.get("client") or [""])[0],
        }
        log.log(level, "%s %s %d in %s ms", method, path, self._status, duration, extra=extra)


def _level(path: str, status: int) -> int:
    if status >= _SERVER_ERROR:
        return logging.ERROR
    if status < _BAD_REQUEST and (path == "/health" or path.startswith("/health/")):
        return logging.DEBUG  # a probe asks every few seconds
    return logging.INFO
