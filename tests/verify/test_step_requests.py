"""What a service answers is compared with what a step says; a step that is not true says no."""

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from scaffolder.templates.stage import Step
from scaffolder.verify import requests
from scaffolder.verify.steps import NotAsExpectedError

JSON = '{"a": 1, "list": [1, {"b": true, "more": 0}], "null": null}'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/json")
            self.end_headers()
            return
        self.server.asked += 1  # type: ignore[attr-defined]
        if self.path == requests.READY.partition(" ")[2]:
            is_ready = self.server.asked > self.server.busy  # type: ignore[attr-defined]
            self.send_response(200 if is_ready else 503)
        else:
            self.send_response(200)
        self.end_headers()
        if self.path == "/endless":
            self.wfile.write(b"x" * (3 << 20))
        elif self.path == "/slow":
            for _ in range(40):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(JSON.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(self.headers["X-Test"].encode() + b" " + body)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Answers; it is ready once it has been asked `busy` times."""

    daemon_threads = True
    asked, busy = 0, 0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def port(server: Server) -> int:
    return server.server_port


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "SECONDS", 1.0)


def get(**expected: object) -> Step:
    return Step("", **{"request": "GET /json", "status": 200, **expected})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "step",
    [
        get(),
        get(json={"a": 1}),
        get(json={"list": [1, {"b": True}], "null": None}),
        get(text='"a": 1'),
        get(request="GET /moved", status=302),
        Step("", request="POST /", headers={"X-Test": "yes"}, body="é", status=201, text="yes é"),
        Step("", log="a line"),
    ],
)
def test_a_step_that_is_true_passes(port: int, step: Step) -> None:
    requests.play(step, port, lambda: "x a line x")


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (get(status=404), "200 {"),
        (get(json={"a": 2}), "200 {"),
        (get(json={"a": True}), "200 {"),
        (get(json={"list": [1]}), "200 {"),
        (get(json={"nobody": None}), "200 {"),
        (get(json=[]), "200 {"),
        (get(text="b: 1"), "200 {"),
        (get(request="GET /slow"), "no answer: the answer does not end"),
        (get(request="GET /moved"), "302"),
        (get(log="another line"), "no such line within 1 s"),
        (get(log="a line"), "no such line within 1 s"),
        (Step("", log="another line"), "no such line within 1 s"),
    ],
)
def test_a_step_that_is_not_true_says_what_was_found(port: int, step: Step, found: str) -> None:
    with pytest.raises(NotAsExpectedError) as error:
        requests.play(step, port, lambda: "x a line x")
    assert error.value.found.startswith(found)


def test_an_answer_without_end_is_not_read_to_the_end(port: int) -> None:
    assert len(requests.ask(port, "GET /endless", seconds=30).body) <= requests.MOST + 65536


def test_nobody_who_answers_is_said_so() -> None:
    with pytest.raises(NotAsExpectedError) as error:
        requests.expect(1, "GET /health", 200)
    assert error.value.found == "no answer: Connection refused"


@pytest.mark.parametrize(("busy", "is_in_time"), [(0, True), (3, True), (1000, False)])
def test_whether_a_service_is_ready_is_asked_until_it_is(
    server: Server, monkeypatch: pytest.MonkeyPatch, busy: int, *, is_in_time: bool
) -> None:
    monkeypatch.setattr(requests, "READY_SECONDS", 1.0)
    server.asked, server.busy = 0, busy

    if is_in_time:
        requests.expect(server.server_port, requests.READY, 200)
        assert server.asked == busy + 1
    else:
        with pytest.raises(NotAsExpectedError) as error:
            requests.expect(server.server_port, requests.READY, 200)
        assert error.value.found.startswith("503")


def test_nothing_else_is_asked_twice(server: Server) -> None:
    server.asked = 0
    with pytest.raises(NotAsExpectedError):
        requests.expect(server.server_port, "GET /json", 404)
    assert server.asked == 1
