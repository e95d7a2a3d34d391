"""Every error as application/problem+json (RFC 9457), from any route."""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPMethod, HTTPStatus
from http.client import responses
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
LONGEST_PATH = 1000
CLIENT_GONE = 499
"""nginx's status for it: no client gets this response, but the log shows the status."""


class Problem(HTTPException):
    """An error with members beyond those of RFC 9457; their values must be JSON."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(status, detail, headers)
        self.members = members


def answer(
    scope: Scope,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Build the problem response to a request."""
    about = {"type": "about:blank", "title": responses.get(status, "Error"), "status": status}
    instance = quote(scope["path"][:LONGEST_PATH])
    body = {**about, "detail": detail, "instance": instance, **members}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(app: Starlette) -> None:
    """Answer errors with problems, except those that `app` has its own handlers for."""
    of_app = app.exception_handlers
    if HTTPStatus.INTERNAL_SERVER_ERROR in of_app:  # Starlette treats it as Exception
        of_app.setdefault(Exception, of_app[HTTPStatus.INTERNAL_SERVER_ERROR])
    app.exception_handlers = {**HANDLERS, **of_app}


async def _http_error(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return Response(status_code=error.status_code, headers=headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    members = error.members if isinstance(error, Problem) else {}
    # FastAPI allows any detail; RFC 9457 requires text.
    return answer(request.scope, error.status_code, str(error.detail), headers, **members)


def _allowed(request: Request) -> str:
    """Name every method that the path accepts: Starlette names those of the first route only."""
    scopes = ({**request.scope, "method": method} for method in HTTPMethod)
    return ", ".join(
        scope["method"]
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    )


async def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _failure(request: Request, _error: Exception) -> Response:
    # The exception goes to the log only; the client learns nothing about it.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(request.scope, status, "the service failed to answer; its log says why")


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    HTTPException: _http_error,
    ClientDisconnect: _client_gone,
    Exception: _failure,
}
"""The handlers that answer each kind of error with a problem."""
