"""What a JSON body may have: not too many values, and only text that an answer can repeat."""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem

_WHOLE_TEXT = re.compile(
    rb"(?:[^\\]++|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?!u[dD][89a-fA-F]).)*+", re.DOTALL
)
"""Up to half of a surrogate pair: JSON can spell it, but UTF-8, and so an answer, has no bytes."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class JsonLimit:
    """ASGI middleware that answers 413 to JSON with more than `most` values, and 400 to bad text.

    Validation blocks the event loop: no other request progresses until it ends. Counting the
    commas first takes almost no time.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a JSON body and pass it on as one message; raise Problem if it is too large."""
        if scope["type"] != "http" or not _is_json(scope):
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        if commas(body, self.most) >= self.most:
            detail = f"the body has more than {self.most} values"
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        if b"\0" in body or _has_half_a_pair(body):
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is not JSON: it is not UTF-8")
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self.app(scope, replay, send)


def _is_json(scope: Scope) -> bool:
    return any("json" in kind.lower() for kind in Headers(scope=scope).getlist("content-type"))


def _has_half_a_pair(body: bytes) -> bool:
    found = _WHOLE_TEXT.match(body) if b"\\u" in body else None
    return found is not None and found.end() < len(body)


def commas(body: bytes, most: int) -> int:
    """Return how many commas the JSON has outside strings, or the total if that is below `most`."""
    count = body.count(b",")
    # UTF-16 and UTF-32 have zero bytes, and the pattern cannot find strings in them.
    if count < most or b"\0" in body:
        return count
    return _STRING.sub(b"", body).count(b",")
