"""GET /metrics: all metrics as text, for whoever may read them."""

import hmac
import re
from http import HTTPStatus

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...runtime.problems import Problem

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}")  # what a header can carry: RFC 6750, 2.1
# Bounds of buckets, as all other clients of Prometheus write them: 1, not 1.0.
_WHOLE = re.compile(rb'(\ble="\d+)\.0"')


def token(raw: str) -> str:
    """Accept a bearer token that nobody guesses."""
    if not _TOKEN.fullmatch(raw):
        raise ValueError("16 to 256 letters, digits and characters of ._~+/=-")
    return raw


def route(registry: CollectorRegistry, token: str) -> Route:
    """Return the route; with a token, only who has it may read."""

    async def scrape(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_known = hmac.compare_digest(given.encode(), token.encode())
        if token and not (scheme.lower() == "bearer" and is_known):
            headers = {"WWW-Authenticate": "Bearer"}
            detail = "the metrics are for those who have the token"
            raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers=headers)
        text = _WHOLE.sub(rb'\1"', generate_latest(registry))
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Route("/metrics", scrape)
