"""The stage `logging`: the lines of a service are the same in each language."""

import json
import os
import pty
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MakeProgram
from running import Program, Run, free_port, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def logging_service(program: MakeProgram) -> Program:
    return program("logging")


@pytest.fixture
def running(logging_service: Program) -> Iterator[Run]:
    with logging_service.start() as run:
        yield run


def ask(run: Run, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{run.url}{path}", headers=named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, {name.lower(): value for name, value in answer.headers.items()}


def lines(run: Run) -> list[dict[str, Any]]:
    """Return the JSON lines: all that follow the first one must be."""
    found = run.log().splitlines()
    first = next((place for place, line in enumerate(found) if line.startswith("{")), len(found))
    return [json.loads(line) for line in found[first:]]


def line_of(run: Run, path: str) -> dict[str, Any]:
    """Return the line of the request to a path, once it is there."""

    def found() -> list[dict[str, Any]]:
        return [line for line in lines(run) if line.get("url.path") == path]

    run.wait_until(lambda: bool(found()), f"no line of {path}")
    [line] = found()
    return line


def test_a_request_has_one_line_with_the_fields_that_collectors_read(running: Run) -> None:
    status, headers = ask(running, "/nowhere?token=hunter2", X_Request_ID="abc-123")
    line = line_of(running, "/nowhere")
    duration = line.pop("duration_ms")
    logger = line.pop("logger")

    assert (status, headers["x-request-id"]) == (404, "abc-123")
    assert re.fullmatch(MOMENT, line.pop("timestamp"))
    assert re.fullmatch(r"orders(\.|::)stages(\.|::)logging(\.|::)requests", logger)
    assert 0 < duration < 10_000
    assert round(duration, 2) == duration
    assert line == {
        "level": "INFO",
        "severity": "INFO",
        "service": "orders",
        "message": f"GET /nowhere 404 in {duration} ms",
        "request_id": "abc-123",
        "http.request.method": "GET",
        "url.path": "/nowhere",
        "http.response.status_code": 404,
        "client.address": "127.0.0.1",
    }
    assert "hunter2" not in running.log()


def test_every_line_after_the_start_is_json(running: Run) -> None:
    for path in ("/", "/nowhere", "/health"):
        ask(running, path)
    line_of(running, "/nowhere")
    assert running.stop() == 0
    log = running.log()
    found = lines(running)

    assert "starting orders" in log.splitlines()[0]
    assert found[-1]["message"] == "stopped by SIGTERM"
    assert {line["service"] for line in found} == {"orders"}
    assert log.isascii()


def test_the_supervisors_lines_are_json_too(running: Run) -> None:
    running.send_inside(signal.SIGKILL)
    assert running.wait() == 137
    killed = [line for line in lines(running) if line["logger"] == "supervisor"]

    assert killed[0]["message"].startswith("killed by SIGKILL")
    assert killed[0]["level"] == "CRITICAL"


def test_an_id_is_made_for_each_request(running: Run) -> None:
    made = [ask(running, f"/{number}")[1]["x-request-id"] for number in range(20)]

    assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in made)
    assert len(set(made)) == len(made)
    assert line_of(running, "/7")["request_id"] == made[7]


@pytest.mark.parametrize(
    "request_id",
    ["a b", 'a"b', "a\x1b[31m", "é", "<script>", "{a}", "-", "a" * 129, "a;b", "a\\b", " "],
)
def test_an_id_that_could_forge_or_flood_lines_is_replaced(running: Run, request_id: str) -> None:
    status, headers = ask(running, "/", X_Request_ID=request_id)
    given = headers.get("x-request-id")

    assert given != request_id
    # A server may refuse control characters in a header before there is a request.
    assert status == 400 or re.fullmatch(r"[0-9a-f]{32}", given or "")


@pytest.mark.parametrize("request_id", ["a", "A.b_c:d+e/f=g@h-i", "0" * 128])
def test_an_id_that_is_well_formed_is_kept(running: Run, request_id: str) -> None:
    assert ask(running, "/", X_Request_ID=request_id)[1]["x-request-id"] == request_id


def test_a_trace_id_serves_as_the_request_id(running: Run) -> None:
    _, headers = ask(running, "/traced", traceparent=TRACEPARENT)
    line = line_of(running, "/traced")

    assert headers["x-request-id"] == TRACE
    assert (line["request_id"], line["trace_id"], line["span_id"]) == (TRACE, TRACE, SPAN)


def test_an_id_that_is_sent_comes_before_that_of_the_trace(running: Run) -> None:
    _, headers = ask(running, "/both", X_Request_ID="abc-123", traceparent=TRACEPARENT)
    line = line_of(running, "/both")

    assert headers["x-request-id"] == line["request_id"] == "abc-123"
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
        f"00-{TRACE}-{SPAN}-0x",
    ],
)
def test_an_invalid_trace_is_ignored(running: Run, traceparent: str) -> None:
    _, headers = ask(running, "/untraced", traceparent=traceparent)
    line = line_of(running, "/untraced")

    assert headers["x-request-id"] == line["request_id"] != TRACE
    assert "trace_id" not in line


def test_a_later_version_of_a_trace_may_have_more_in_it(running: Run) -> None:
    _, headers = ask(running, "/", traceparent=f"01-{TRACE}-{SPAN}-01-more")

    assert headers["x-request-id"] == TRACE


def test_a_probe_is_logged_for_those_who_debug(logging_service: Program) -> None:
    with logging_service.start(LOG_LEVEL="DEBUG") as run:
        ask(run, "/health/ready")
        found = line_of(run, "/health/ready")
        assert (found["level"], found["severity"]) == ("DEBUG", "DEBUG")
        ask(run, "/health/nowhere")
        assert line_of(run, "/health/nowhere")["level"] == "INFO"


def test_a_probe_does_not_bury_other_lines(running: Run) -> None:
    ask(running, "/health/ready")
    ask(running, "/last")
    line_of(running, "/last")

    assert "/health/ready" not in running.log()


def test_secrets_in_a_path_are_redacted(running: Run) -> None:
    ask(running, "/password=hunter2/x")
    ask(running, "/last")
    line_of(running, "/last")

    assert "hunter2" not in running.log()
    assert "GET /password=[redacted]" in running.log()


def test_text_is_readable(logging_service: Program) -> None:
    with logging_service.start(LOG_FORMAT="text") as run:
        ask(run, "/nowhere", X_Request_ID="abc-123")
        run.wait_for_line("GET /nowhere 404")
        assert run.stop() == 0
    found = next(line for line in run.log().splitlines() if "GET /nowhere" in line)

    message = r"GET /nowhere 404 in [\d.]+ ms client\.address=\"127\.0\.0\.1\" \[abc-123\]"
    assert re.fullmatch(rf"{MOMENT} INFO     orders\S+requests: {message}", found)


def test_the_level_comes_from_the_environment(logging_service: Program) -> None:
    with logging_service.start(LOG_LEVEL="ERROR") as run:
        assert ask(run, "/nowhere")[0] == 404
        assert run.stop() == 0

    assert run.log() == ""


def test_a_wrong_format_is_reported_with_what_is_accepted(logging_service: Program) -> None:
    with logging_service.start(ready=False, LOG_FORMAT="xml") as run:
        assert run.wait() == 78

    assert "setting LOG_FORMAT is 'xml': expected one of auto, json, text" in run.log()


@pytest.mark.parametrize(
    ("variables", "colored"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_color_is_for_terminals_that_want_it(
    logging_service: Program, variables: dict[str, str], *, colored: bool
) -> None:
    output = on_terminal(logging_service, variables)

    assert re.search(rf"\n{MOMENT} INFO     \S+requests: GET /nowhere 404 in", output), output
    assert ("\x1b[2mclient.address" in output) == colored
    assert ("\x1b" in output) == colored


def on_terminal(service: Program, variables: dict[str, str]) -> str:
    """Run a service on a terminal for a request; return what it writes."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    where = {"HOST": "127.0.0.1", "PORT": str(port)}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        service.command,
        env={**kept, **service.variables, **where, **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/nowhere", timeout=10)
        answer.value.close()
        output = b""
        while b"/nowhere" not in output or not output.endswith(b"\n"):
            output += os.read(ours, 65536)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return output.decode()
