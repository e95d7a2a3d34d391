"""Problems of an API: which fields of a request are not valid, and how OpenAPI describes them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from ...runtime import problems
from ...runtime.problems import MEDIA_TYPE, Problem, answer

__all__ = ["HANDLERS", "RESPONSES", "Problem", "answer"]

MOST_ERRORS = 20
"""Further errors are only counted, so that the response stays small."""
LONGEST = 200

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
"""For OpenAPI: the errors that every route can answer with."""


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    match found:
        case [{"type": "json_invalid", "loc": ("body", int(place)), "ctx": {"error": reason}}]:
            detail = f"the body is not JSON: {reason} (character {place})"
            return answer(request.scope, HTTPStatus.BAD_REQUEST, detail)
    fields = [_field_error(item) for item in found[:MOST_ERRORS]]
    detail = "the request is not valid"
    if len(found) > len(fields):
        detail += f": the first {len(fields)} of {len(found)} errors"
    return answer(request.scope, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=fields)


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    """Name the place and the error, not the value: it may be a secret. Cut the client's names."""
    detail = str(found["msg"])[:LONGEST]
    part, *where = (str(step)[:LONGEST] for step in found["loc"][:LONGEST])
    if part == "body":
        # A JSON pointer (RFC 6901) as a fragment.
        escaped = (step.replace("~", "~0").replace("/", "~1") for step in where)
        pointer = "".join(f"/{quote(step)}" for step in escaped)
        return {"detail": detail, "pointer": f"#{pointer}"}
    return {"detail": detail, "parameter": ".".join(where)}


HANDLERS = {**problems.HANDLERS, RequestValidationError: _invalid}
"""Answer every kind of error with a problem, instead of FastAPI's own handlers."""
