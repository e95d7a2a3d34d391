"""Middleware that counts and times requests, by the template of their route."""

import time
from http import HTTPMethod

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...runtime import middleware
from ...runtime.problems import CLIENT_GONE
from ...runtime.route_templates import Templates
from .measured import Measured

# Clients choose methods and paths: labels have these values, and no others.
METHODS = frozenset(HTTPMethod)
OTHER = "OTHER"
UNKNOWN = "unknown"


def install(app: Starlette, measured: Measured) -> None:
    """Put the middleware around everything: it sees the answers to failures, too."""
    templates = Templates(app.router)
    middleware.around(app, lambda inner: Requests(inner, measured, templates))


class Requests:
    """ASGI middleware that measures the requests to an application."""

    def __init__(self, app: ASGIApp, measured: Measured, templates: Templates) -> None:
        """Wrap `app`."""
        self._app = app
        self._measured = measured
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure one request; anything but HTTP passes unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_GONE  # unless it is answered
        ended = 0.0
        began = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended = time.perf_counter()  # background tasks may follow

        found = self._templates.of(scope)
        self._measured.in_flight += 1
        try:
            await self._app(scope, receive, watched)
        finally:
            self._measured.in_flight -= 1
            method = scope["method"] if scope["method"] in METHODS else OTHER
            took = (ended or time.perf_counter()) - began
            self._measured.requests.count(method, found[0] if found else UNKNOWN, status, took)
