"""Request ids of the stage `logging`, and one line for each request."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from types import ModuleType

import pytest
from conftest import Imported
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message, Scope
from starlette.websockets import WebSocket
from structlog.contextvars import get_contextvars

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
PACKAGE = "imported_logging"
LOGGER = f"{PACKAGE}.stages.logging.requests"

log = logging.getLogger("test")


async def ok(request: Request) -> Response:
    log.info("handled")
    return JSONResponse({"id": request.state.request_id})


async def boom(_request: Request) -> Response:
    raise ValueError("on purpose")


async def in_thread(_request: Request) -> Response:
    await asyncio.to_thread(log.info, "in a thread")
    await asyncio.create_task(asyncio.to_thread(log.info, "in a task"))
    return Response()


async def in_parts(_request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for number in range(3):
            log.info("part %d", number)
            yield str(number)

    return StreamingResponse(parts(), headers={"X-Request-ID": "of the application"})


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    log.info("talking")
    await websocket.send_json(websocket.state.request_id)
    await websocket.close()


class Lines(logging.Handler):
    """Formats in the thread that logs, as boot's handler does."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("httpx"):  # the client
            self.found.append(self.format(record))


@pytest.fixture(scope="module")
def stage(imported: Imported) -> ModuleType:
    return imported("stages.logging", "logging")


@pytest.fixture
def lines(imported: Imported, caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    caplog.set_level(logging.INFO)
    handler = Lines(imported("stages.logging.lines", "logging").json_lines("test"))
    logging.getLogger().addHandler(handler)
    yield handler.found
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client(imported: Imported, stage: ModuleType) -> Iterator[TestClient]:
    routes = [
        Route("/", ok, methods=["GET", "POST"]),
        Route("/boom", boom),
        Route("/in-thread", in_thread),
        Route("/in-parts", in_parts),
        WebSocketRoute("/talk", talk),
        *imported("health", "logging").ROUTES,
    ]
    app = Starlette(routes=routes)
    stage.install(app)
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


def requested(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == LOGGER]


def test_a_request_id_is_made_and_returned(client: TestClient) -> None:
    answers = [client.get("/") for _ in range(2)]
    given = [answer.headers["X-Request-ID"] for answer in answers]

    assert all(len(request_id) == 32 for request_id in given)
    assert given[0] != given[1]
    assert given == [answer.json()["id"] for answer in answers]


def test_a_request_id_that_is_sent_is_kept(client: TestClient) -> None:
    answer = client.get("/", headers={"X-Request-ID": "abc-123", "traceparent": TRACEPARENT})

    assert answer.headers["X-Request-ID"] == "abc-123"


def test_a_trace_id_serves_as_the_request_id(client: TestClient, lines: list[str]) -> None:
    answer = client.get("/", headers={"traceparent": TRACEPARENT})

    assert answer.headers["X-Request-ID"] == TRACE
    assert [f'"span_id":"{SPAN}","trace_id":"{TRACE}"' in line for line in lines] == [True, True]


@pytest.mark.parametrize(
    "request_id",
    ["", "a b", 'a"b', "a\nb", "a\x1b[31m", "é", "<script>", "{a}", "-", "a" * 129, "a;b", "a\\b"],
)
def test_a_request_id_that_could_forge_or_flood_lines_is_replaced(
    stage: ModuleType, request_id: str
) -> None:
    found = stage.requests.ids([(b"x-request-id", request_id.encode())])

    assert found["request_id"] != request_id
    assert len(found["request_id"]) == 32


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"01-{TRACE}-{SPAN}-01more",
    ],
)
def test_an_invalid_traceparent_is_ignored(stage: ModuleType, traceparent: str) -> None:
    found = stage.requests.ids([(b"traceparent", traceparent.encode())])

    assert found.keys() == {"request_id"}
    assert found["request_id"] != TRACE


def test_a_later_version_of_traceparent_may_have_more_in_it(stage: ModuleType) -> None:
    found = stage.requests.ids([(b"traceparent", f"01-{TRACE}-{SPAN}-01-more".encode())])

    assert found == {"request_id": TRACE, "trace_id": TRACE, "span_id": SPAN}


@pytest.mark.parametrize("path", ["/", "/in-thread", "/in-parts", "/boom"])
def test_every_line_of_a_request_has_its_id(
    client: TestClient, lines: list[str], path: str
) -> None:
    client.get(path, headers={"X-Request-ID": "abc-123"})

    assert lines
    assert all('"request_id":"abc-123"' in line for line in lines)


def test_a_line_outside_of_requests_has_no_id(client: TestClient, lines: list[str]) -> None:
    client.get("/", headers={"X-Request-ID": "abc-123"})
    log.info("later")

    assert "request_id" not in lines[-1]


def test_simultaneous_requests_do_not_mix_their_ids(stage: ModuleType) -> None:
    seen: dict[str, str] = {}

    async def app(scope: Scope, _receive: object, _send: object) -> None:
        await asyncio.sleep(0.001)
        seen[scope["path"]] = get_contextvars()["request_id"]

    async def call(number: int) -> None:
        headers = [(b"x-request-id", f"id{number}".encode())]
        scope = {"type": "http", "method": "GET", "path": f"/id{number}", "headers": headers}
        await stage.requests.RequestLog(app)(scope, nothing_more, ignore)

    async def call_all() -> None:
        await asyncio.gather(*(call(number) for number in range(50)))

    asyncio.run(call_all())

    assert len(seen) == 50
    assert all(path == f"/{request_id}" for path, request_id in seen.items())


async def nothing_more() -> Message:
    return {"type": "http.disconnect"}


async def ignore(_message: Message) -> None:
    return


def test_an_exception_that_nobody_handles_is_answered_with_the_id(client: TestClient) -> None:
    answer = client.get("/boom", headers={"X-Request-ID": "abc-123"})

    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == "abc-123"


def test_the_id_of_a_failed_request_is_still_there_when_the_server_reports_it(
    stage: ModuleType,
) -> None:
    async def serve() -> str:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        with pytest.raises(ZeroDivisionError):
            await stage.requests.RequestLog(fail)(scope, nothing_more, ignore)
        return str(get_contextvars()["request_id"])

    async def fail(_scope: Scope, _receive: object, _send: object) -> None:
        raise ZeroDivisionError

    assert asyncio.run(serve())


def test_a_stream_is_passed_on_with_one_id(client: TestClient) -> None:
    answer = client.get("/in-parts", headers={"X-Request-ID": "abc-123"})

    assert answer.text == "012"
    assert answer.headers.get_list("X-Request-ID") == ["abc-123"]


def test_a_websocket_has_an_id_too(client: TestClient, lines: list[str]) -> None:
    with client.websocket_connect("/talk", headers={"X-Request-ID": "abc-123"}) as websocket:
        assert websocket.receive_json() == "abc-123"

    assert '"request_id":"abc-123"' in next(line for line in lines if "talking" in line)


def test_a_request_has_one_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client.post("/?token=hunter2", headers={"X-Request-ID": "abc-123"})
    [record] = requested(caplog)
    found = vars(record)

    assert record.levelname == "INFO"
    assert record.getMessage().startswith("POST / 200 in ")
    assert "hunter2" not in str(found)
    assert found["http.request.method"] == "POST"
    assert found["url.path"] == "/"
    assert found["http.response.status_code"] == 200
    assert found["client.address"] == "testclient"
    assert found["duration_ms"] > 0


@pytest.mark.parametrize(
    ("path", "level"),
    [
        *(("/", "INFO"), ("/nowhere", "INFO"), ("/boom", "ERROR"), ("/health/nowhere", "INFO")),
        *(("/health", "DEBUG"), ("/health/live", "DEBUG"), ("/health/ready", "DEBUG")),
    ],
)
def test_the_level_tells_what_matters(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, level: str
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(path)

    assert [record.levelname for record in requested(caplog)] == [level]


def test_middleware_added_later_is_inside(
    stage: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    class Refuse:
        def __init__(self, app: object) -> None:
            """Serve nothing of `app`."""

        async def __call__(self, _scope: Scope, _receive: object, _send: object) -> None:
            raise RuntimeError("refused")

    caplog.set_level(logging.INFO)
    app = Starlette()
    stage.install(app)
    app.add_middleware(Refuse)
    answer = TestClient(app, raise_server_exceptions=False).get("/")

    assert answer.headers["X-Request-ID"]
    assert len(requested(caplog)) == 1


def test_installing_twice_logs_a_request_once(
    stage: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    app = Starlette(routes=[Route("/", ok)])
    stage.install(app)
    stage.install(app)
    answer = TestClient(app).get("/")

    assert len(answer.headers.get_list("X-Request-ID")) == 1
    assert len(requested(caplog)) == 1
