"""Every error as application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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
    status: int,
    detail: str,
    instance: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Build the response for a problem."""
    title = HTTPStatus(status).phrase
    about = {"type": "about:blank", "title": title, "status": status}
    body = {**about, "detail": detail, "instance": instance, **members}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Answer every kind of error with a problem."""
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _failure)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for nothing else
        raise error
    if error.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return Response(status_code=error.status_code, headers=error.headers)
    members = error.members if isinstance(error, Problem) else {}
    headers = error.headers
    return answer(error.status_code, error.detail, request.url.path, headers=headers, **members)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # pragma: no cover - as above
        raise error
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    found = [_field_error(item) for item in error.errors()]
    return answer(status, "the request is not valid", request.url.path, errors=found)


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    """Say where and what, but not the value: it may be a secret."""
    where: Sequence[int | str] = found["loc"]
    detail = str(found["msg"])
    if where[0] == "body":
        # A JSON pointer (RFC 6901) as a fragment; of JSON that cannot be read, no place is known.
        known = () if found["type"] == "json_invalid" else where[1:]
        escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in known)
        return {"detail": detail, "pointer": "#" + "".join(f"/{part}" for part in escaped)}
    return {"detail": detail, "parameter": ".".join(str(part) for part in where[1:])}


async def _failure(request: Request, _error: Exception) -> Response:
    # The exception goes on to the log; the client learns nothing of it.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(status, "the service failed to answer; its log says why", request.url.path)
