"""Scripts from other origins may call a service that allows it."""

from collections.abc import Iterator

import pytest
from conftest import MakeApplication
from served import Served, serving

ORIGIN = "https://shop.example.com"
EVIL = "https://evil.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}


@pytest.fixture(scope="module")
def service(application: MakeApplication) -> Iterator[Served]:
    origins = f"{ORIGIN}, http://[::1]:3000"
    with serving(application(), CORS_ORIGINS=origins, MAX_BODY_BYTES="64") as served:
        yield served


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/health/live", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/", 405),
        ("GET", "/fail", 500),
        ("POST", "/size", 413),
    ],
)
def test_every_answer_may_be_read_by_an_origin_that_is_allowed(
    service: Served, method: str, path: str, status: int
) -> None:
    body = b"x" * 65 if method == "POST" else None
    answer = service.ask(path, method, body, {"Origin": ORIGIN})

    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = "Location, Retry-After, WWW-Authenticate, X-Request-ID"
    assert answer.headers["access-control-expose-headers"] == exposed
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Origin": "null"}, {}])
def test_others_may_not_read_answers(service: Served, headers: dict[str, str]) -> None:
    answer = service.ask("/", headers=headers)

    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


def test_a_browser_that_asks_first_is_told_what_is_allowed(service: Served) -> None:
    asked = {**PREFLIGHT, "Access-Control-Request-Headers": "X-A, Content-Type"}
    answer = service.ask("/nowhere", "OPTIONS", headers=asked)

    assert (answer.status, answer.body) == (200, b"OK")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert answer.headers["access-control-allow-methods"].startswith(methods)
    assert answer.headers["access-control-allow-headers"] == "X-A, Content-Type"
    assert answer.headers["access-control-max-age"] == "600"
    assert "Access-Control-Request-Headers" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"Origin": EVIL}, "origin"),
        ({"Access-Control-Request-Method": "BREW"}, "method"),
        ({"Access-Control-Request-Private-Network": "true"}, "private-network"),
        ({"Origin": EVIL, "Access-Control-Request-Method": "BREW"}, "origin, method"),
    ],
)
def test_a_browser_that_asks_first_is_refused(
    service: Served, changed: dict[str, str], refused: str
) -> None:
    answer = service.ask("/", "OPTIONS", headers={**PREFLIGHT, **changed})

    assert (answer.status, answer.body.decode()) == (400, f"Disallowed CORS {refused}")
    if "origin" in refused:
        assert "access-control-allow-origin" not in answer.headers


def test_options_without_a_question_are_an_ordinary_request(service: Served) -> None:
    answer = service.ask("/", "OPTIONS", headers={"Origin": ORIGIN})

    assert answer.status == 405
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_everybody_can_be_allowed(application: MakeApplication) -> None:
    with serving(application(), CORS_ORIGINS="*") as service:
        for path in ("/", "/nowhere"):
            answer = service.ask(path, headers={"Origin": EVIL})
            assert answer.headers["access-control-allow-origin"] == "*"
        asked = service.ask("/", "OPTIONS", headers={**PREFLIGHT, "Origin": EVIL})
        assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, "*")


def test_nobody_is_allowed_by_default(application: MakeApplication) -> None:
    with serving(application()) as service:
        assert not {"access-control-allow-origin", "vary"} & {
            name.lower() for name in service.ask("/", headers={"Origin": ORIGIN}).headers
        }
        assert service.ask("/", "OPTIONS", headers=PREFLIGHT).status == 405
