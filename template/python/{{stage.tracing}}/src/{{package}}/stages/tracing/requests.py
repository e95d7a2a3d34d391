"""Middleware that makes a span of each request, named by the template of its route."""

import time
from http import HTTPMethod

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ... import health
from ...runtime import middleware
from ...runtime.route_templates import Templates
from .spans import CONTEXT

_FIELDS = tuple(field.encode() for field in sorted(CONTEXT.fields))
_METHODS = frozenset(HTTPMethod)
_OTHER = "_OTHER"
_SERVER_ERROR = 500


def install(app: Starlette, provider: TracerProvider) -> None:
    """Put the middleware around everything: the span lasts as long as the request."""
    tracer, templates = provider.get_tracer(__name__), Templates(app.router)
    middleware.around(app, lambda inner: RequestSpans(inner, tracer, templates))


class RequestSpans:
    """ASGI middleware that makes the spans of requests; what is routine has none."""

    def __init__(self, app: ASGIApp, tracer: trace.Tracer, templates: Templates) -> None:
        """Wrap `app`."""
        self._app = app
        self._tracer = tracer
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within a span; anything but HTTP passes unchanged."""
        if scope["type"] != "http" or health.is_routine(scope["path"]):
            await self._app(scope, receive, send)
            return
        found = self._templates.of(scope)
        span = self._tracer.start_span(
            _method(scope), _parent(scope), SpanKind.SERVER, _attributes(scope)
        )
        status, ended, failure = 0, 0, ""

        async def watched(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended = time.time_ns()  # background tasks may follow

        try:
            # What an exception says may be a secret: it stays in the log.
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                await self._app(_continued(scope, span), receive, watched)
        except BaseException as error:
            failure = type(error).__qualname__
            raise
        finally:
            _describe(span, _method(scope), "".join(found), status, failure)
            span.end(ended or None)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _OTHER


def _parent(scope: Scope) -> Context:
    """Return the context that a request brings along."""
    brought = [pair for pair in scope["headers"] if pair[0] in _FIELDS]
    # Twice the same field means nothing (https://www.w3.org/TR/trace-context, 3.2).
    if len(brought) != len(dict(brought)):
        return Context()
    carrier = {name.decode(): text.decode("latin-1") for name, text in brought}
    return CONTEXT.extract(carrier, Context())


def _continued(scope: Scope, span: Span) -> Scope:
    """Return the scope with the context of the span: the log and the application read it there."""
    context: dict[str, str] = {}
    CONTEXT.inject(context, trace.set_span_in_context(span, Context()))
    others = [pair for pair in scope["headers"] if pair[0] not in _FIELDS]
    own = [(name.encode(), text.encode("latin-1")) for name, text in context.items()]
    # FastAPI would add spans of its own, which lack the path of its mount.
    return {**scope, "headers": [*others, *own], "fastapi.telemetry": None}


def _attributes(scope: Scope) -> dict[str, str]:
    """Return what is known before the answer; not the query, which holds what people type."""
    return {
        "http.request.method": _method(scope),
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
        "client.address": (scope.get("client") or [""])[0],
    }


def _describe(span: Span, method: str, route: str, status: int, failure: str) -> None:
    """Add to a span what is known after the answer."""
    if route:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if failure or status >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", failure or str(status))
