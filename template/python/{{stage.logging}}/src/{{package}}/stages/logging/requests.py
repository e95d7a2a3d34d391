"""Request ids, and one log line per request."""

import logging
import re
import secrets
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from ... import health

# No character that could end a line, a header or a quotation, and few of them.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
# https://www.w3.org/TR/trace-context: ids of zeros and version ff are invalid; versions after 00
# may append to it.
_TRACEPARENT = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})"
    rb"-(?!0{16})(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<appended>-.*)?"
)
_STARTS = frozenset(("http.response.start", "websocket.accept", "websocket.http.response.start"))
_HEADER = b"x-request-id"
_BAD_REQUEST = 400
_SERVER_ERROR = 500

log = logging.getLogger(__name__)


def ids(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the ids in the headers of a request; generate a request id if there is none."""
    brought = dict(headers)
    trace = _trace(brought.get(b"traceparent", b""))
    request_id = brought.get(_HEADER, b"")
    if _REQUEST_ID.fullmatch(request_id):
        return {"request_id": request_id.decode(), **trace}
    return {"request_id": trace.get("trace_id") or secrets.token_hex(16), **trace}


def _trace(traceparent: bytes) -> dict[str, str]:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found["appended"] and found["version"] == b"00"):
        return {}
    return {"trace_id": found["trace"].decode(), "span_id": found["span"].decode()}


class RequestLog:
    """ASGI middleware that sets the ids of each request and writes its log line."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; anything but HTTP and websockets passes unchanged."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        found = ids(scope["headers"])
        # Never unbound: the server may log an exception of this request after the call.
        # Each request is a task, and its context ends with it.
        bind_contextvars(**found)
        scope.setdefault("state", {})["request_id"] = found["request_id"]
        header = (_HEADER, found["request_id"].encode())
        status = _SERVER_ERROR  # what the server answers if the application does not answer
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] in _STARTS:
                status = message.get("status", status)
                others = [pair for pair in message.get("headers", ()) if pair[0].lower() != _HEADER]
                message = {**message, "headers": [*others, header]}
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if scope["type"] == "http":
                _log(scope, status, time.perf_counter() - began)


def _log(scope: Scope, status: int, seconds: float) -> None:
    method, path, duration = scope["method"], scope["path"], round(seconds * 1000, 2)
    level = logging.ERROR if status >= _SERVER_ERROR else logging.INFO
    if status < _BAD_REQUEST and health.is_routine(path):
        level = logging.DEBUG
    extra = {
        "http.request.method": method,
        "url.path": path,  # without the query, which holds what people type, and tokens
        "http.response.status_code": status,
        "duration_ms": duration,
        "client.address": (scope.get("client") or [""])[0],
    }
    log.log(level, "%s %s %d in %s ms", method, path, status, duration, extra=extra)
