"""Middleware around every route: path prefix, CORS, limit on bodies, problem responses."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import config
from . import problems

EXPOSED = ("Location", "Retry-After", "WWW-Authenticate", "X-Request-ID")
"""Headers that scripts from other origins may read."""


def install(app: Starlette) -> None:
    """Install the middleware in `app`, as the environment configures it."""
    settings = config.read(config.Settings)
    problems.install(app)

    def wrap(inner: ASGIApp) -> ASGIApp:
        outer: ASGIApp = BodyLimit(inner, settings.max_body_bytes)
        if settings.cors_origins:
            outer = CORSMiddleware(
                outer,
                allow_origins=settings.cors_origins,
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=EXPOSED,
            )
        return RootPath(outer, settings.root_path) if settings.root_path else outer

    around(app, wrap)


def around(app: Starlette, wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    """Put a middleware around everything, including Starlette's own error handling.

    add_middleware() would put it inside that, where it does not see the responses to failures.
    """
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: wrap(build())  # type: ignore[method-assign]


class RootPath:
    """Sets the path at which a proxy serves the service, whether or not it strips that path."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self.root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the whole path, as ASGI requires."""
        if scope["type"] in ("http", "websocket") and not scope.get("root_path"):
            path = scope["path"]
            scope = {**scope, "root_path": self.root_path}
            if path != self.root_path and not path.startswith(f"{self.root_path}/"):
                scope["path"] = self.root_path + path
                if "raw_path" in scope:
                    scope["raw_path"] = self.root_path.encode() + scope["raw_path"]
        await self.app(scope, receive, send)


class BodyLimit:
    """Answers 413 to a body of more than `limit` bytes, with or without a Content-Length."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body by its Content-Length before it is read; without one, count its bytes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if int(headers.get(b"content-length", 0)) > self.limit:
            await self._refuse(scope, receive, send)
            return
        # The server ends any body but a chunked one after its Content-Length (RFC 9112, 6.3).
        if scope["http_version"].startswith("1.") and b"transfer-encoding" not in headers:
            await self.app(scope, receive, send)
            return
        size, started = 0, False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or size <= self.limit
            if started:  # otherwise the exception is ours, and becomes the response
                await send(message)

        try:
            await self.app(scope, counted, watched)
        except Exception:
            if started or size <= self.limit:
                raise
        if size > self.limit and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the body is larger than {self.limit} bytes"
        refusal = problems.answer(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        await refusal(scope, receive, send)
