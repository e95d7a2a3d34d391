"""Every error as application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from http.client import responses
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"

_TEXT = {"type": "string"}
_SCHEMA = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {"detail": _TEXT, "pointer": _TEXT, "parameter": _TEXT},
            },
        },
    },
}
_ANSWER = {"description": "A problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}

RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": _ANSWER, "5XX": _ANSWER}
"""For OpenAPI: what every route can answer besides its success."""


class Problem(HTTPException):
    """An error with members of its own beside those of RFC 9457."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        """Keep the members, which have to be JSON."""
        super().__init__(status, detail, headers)
        self.members = members


def answer(
    scope: Scope,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Build the response for a problem of the request."""
    about = {"type": "about:blank", "title": responses.get(status, "Error"), "status": status}
    body = {**about, "detail": detail, "instance": quote(scope["path"]), **members}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Answer every kind of error with a problem."""
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _failure)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for nothing else
        raise error
    headers = dict(error.headers or {})
    if error.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return Response(status_code=error.status_code, headers=headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    members = error.members if isinstance(error, Problem) else {}
    # FastAPI lets a detail be anything; RFC 9457 wants text.
    return answer(request.scope, error.status_code, str(error.detail), headers, **members)


def _allowed(request: Request) -> str:
    """Name every method that the path takes: Starlette names those of its first route only."""
    routes: Sequence[BaseRoute] = request.app.routes
    scopes = {method: {**request.scope, "method": method} for method in HTTPMethod}
    return ", ".join(
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # pragma: no cover - as above
        raise error
    match error.errors():
        case [{"type": "json_invalid", "loc": ("body", int(place)), "ctx": {"error": reason}}]:
            detail = f"the body is not JSON: {reason} (character {place})"
            return answer(request.scope, HTTPStatus.BAD_REQUEST, detail)
        case found:
            fields = [_field_error(item) for item in found]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return answer(request.scope, status, "the request is not valid", errors=fields)


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    """Say where and what, but not the value: it may be a secret."""
    detail = str(found["msg"])
    part, *where = (str(step) for step in found["loc"])
    if part == "body":
        # A JSON pointer (RFC 6901) as a fragment.
        escaped = (step.replace("~", "~0").replace("/", "~1") for step in where)
        return {"detail": detail, "pointer": "#" + "".join(f"/{quote(step)}" for step in escaped)}
    return {"detail": detail, "parameter": ".".join(where)}


async def _failure(request: Request, _error: Exception) -> Response:
    # The exception goes on to the log; the client learns nothing of it.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(request.scope, status, "the service failed to answer; its log says why")
