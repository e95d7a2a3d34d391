"""What a service answers, whatever is asked: errors are problems, and the connection goes on."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from conftest import MakeApplication
from served import HOST, Answer, Served, serving

PROBLEM = "application/problem+json"
CHUNKED = HOST + b"Transfer-Encoding: chunked\r\n\r\n"
ALL = [
    pytest.param("GET", "/nowhere", 404, "Not Found", id="no route"),
    pytest.param("POST", "/where", 405, "Method Not Allowed", id="another method"),
    pytest.param("BREW", "/where", 405, "Method Not Allowed", id="an unknown method"),
    pytest.param("GET", "/refuse", 503, "come back later", id="refused"),
    pytest.param(
        "GET", "/fail", 500, "the service failed to answer; its log says why", id="failed"
    ),
]


@pytest.fixture(scope="module")
def service(application: MakeApplication) -> Iterator[Served]:
    with serving(application(), MAX_BODY_BYTES="100000") as served:
        yield served


def check_problem(answer: Answer, status: int, detail: str, instance: str) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert list(problem) == ["type", "title", "status", "detail", "instance"]
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert (problem["detail"], problem["instance"]) == (detail, instance)


@pytest.mark.parametrize(("method", "path", "status", "detail"), ALL)
def test_every_error_is_a_problem(
    service: Served, method: str, path: str, status: int, detail: str
) -> None:
    check_problem(service.ask(path, method), status, detail, path)


def test_a_failure_is_logged_and_not_told(service: Served) -> None:
    get = b" HTTP/1.1\r\n" + HOST
    said = service.exchange(
        b"GET /fail"
        + get
        + b"\r\nGET /fail"
        + get
        + b"\r\nGET /"
        + get
        + b"Connection: close\r\n\r\n"
    )

    # uvicorn closes the connection, because it has seen the exception.
    goes_on = service.language == "rust"
    assert said.count(b"500 Internal Server Error") == (2 if goes_on else 1)
    assert said.endswith(b'{"service":"orders"}') == goes_on
    assert b"hunter2" not in said
    assert "hunter2" in service.log()


def test_an_answer_that_breaks_off_ends_its_connection_only(service: Served) -> None:
    said = service.exchange(b"GET /break HTTP/1.1\r\n" + HOST + b"\r\n")

    assert not said.endswith(b"0\r\n\r\n"), "it looks complete"
    assert "hunter2" in service.log()
    assert service.is_live()


@pytest.mark.parametrize("path", ["/where", "/health/live", "/nowhere"])
def test_head_is_answered_as_get_is_without_a_body(service: Served, path: str) -> None:
    close = b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    got, head = (service.exchange(method + path.encode() + close) for method in (b"GET ", b"HEAD "))
    lines = [
        {
            line.lower()
            for line in said.partition(b"\r\n\r\n")[0].splitlines()
            if b"ate:" not in line
        }
        for said in (got, head)
    ]

    assert lines[0] == lines[1]
    assert head.endswith(b"\r\n\r\n")
    assert not got.endswith(b"\r\n\r\n")


def test_head_of_much_is_quick(service: Served) -> None:
    answer = service.ask("/big", "HEAD")

    assert (answer.status, answer.headers["content-length"]) == (200, str(64 << 20))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/where", "GET, HEAD"),
        ("/size", "POST"),
        ("/slow", "GET, HEAD, POST"),
        ("/health", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(service: Served, path: str, allowed: str) -> None:
    for method in ("DELETE", "OPTIONS"):
        answer = service.ask(path, method)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("asked", "instance"),
    [
        ("/a%20b%2Fc/%C3%A4?secret=1", "/a%20b/c/%C3%A4"),
        ("/a%zz%ff", "/a%25zz%EF%BF%BD"),
        ("/a;b=c,d:e@f!$&'()*+~", "/a%3Bb%3Dc%2Cd%3Ae%40f%21%24%26%27%28%29%2A%2B~"),
        ("//where", "//where"),
        ("/x/../where", "/x/../where"),
        ("/" + "a" * 5000, "/" + "a" * 999),
    ],
)
def test_a_problem_names_what_was_asked_for(service: Served, asked: str, instance: str) -> None:
    check_problem(service.ask(asked), 404, "Not Found", instance)


@pytest.mark.parametrize(
    ("asked", "place"),
    [("/where/?a=1", "/where?a=1"), ("/away", "/away/"), ("/health/", "/health")],
)
def test_a_slash_more_or_less_is_redirected(service: Served, asked: str, place: str) -> None:
    answer = service.ask(asked, headers={"Host": "shop.example.com"})

    assert answer.status == 307
    assert answer.headers["location"] == f"http://shop.example.com{place}"


def test_a_proxys_form_of_a_request_is_understood(service: Served) -> None:
    for path, status in (("/health/live", 200), ("/nowhere", 404)):
        request = f"GET http://x{path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
        assert service.status(request) == status


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", id="two hosts"),
        pytest.param(b"GET /\r\n\r\n", id="no version"),
        pytest.param(b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", id="a space"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X Y: a\r\n\r\n", id="a space in a name"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", id="a NUL"),
        pytest.param(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n", id="no length"),
        pytest.param(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na", id="a sign"),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            id="two lengths",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
            id="a huge length",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", id="an encoding"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000 + b"\r\n\r\n", id="much"
        ),
        pytest.param(
            b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="a long path"
        ),
    ],
)
def test_what_is_no_request_is_refused_and_its_connection_closed(
    service: Served, request_: bytes
) -> None:
    said = service.exchange(request_)

    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert said.count(b"HTTP/1.1") == 1


def test_a_long_head_is_no_error(service: Served) -> None:
    assert service.ask("/", headers={"X-Long": "a" * 50_000}).status == 200
    assert service.ask("/", headers={f"X-{number}": "a" for number in range(80)}).status == 200


def chunks(count: int, size: int = 10_000) -> Iterator[bytes]:
    """A body of which the request does not announce the length."""
    yield from (b"x" * size for _ in range(count))


@pytest.mark.parametrize("path", ["/size", "/swallow"])
def test_the_size_of_a_body_is_limited(service: Served, path: str) -> None:
    assert service.ask(path, "POST", b"x" * 100_000).json() == 100_000
    assert service.ask(path, "POST", chunks(10)).json() == 100_000
    for body in (b"x" * 100_001, chunks(11)):
        answer = service.ask(path, "POST", body)
        check_problem(answer, 413, "the body is larger than 100000 bytes", path)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/health"])
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    service: Served, path: str
) -> None:
    head = f"POST {path} HTTP/1.1\r\nContent-Length: 100001\r\n".encode() + HOST + b"\r\n"

    assert service.status(head) == 413
    assert service.status(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")) in (
        100,
        413,
    )


def test_a_chunk_that_is_none_ends_the_request(service: Served) -> None:
    said = service.exchange(b"POST /size HTTP/1.1\r\n" + CHUNKED + b"zz\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 400 ")


def test_requests_in_a_row_are_answered_in_their_order(service: Served) -> None:
    body = b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
    close = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    said = service.exchange(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n" + body + close)

    first, second, third = [part.partition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert (first, second, third) == (b'{"service":"orders"}', b"3", b'{"service":"orders"}')


def test_health_tells_status_time_and_version(service: Served) -> None:
    health = service.ask("/health").json()

    assert health["status"] == "ok"
    assert health["version"]
    moment = datetime.fromisoformat(health["timestamp"])
    assert moment.utcoffset() is not None
    assert abs((datetime.now(moment.tzinfo) - moment).total_seconds()) < 60
