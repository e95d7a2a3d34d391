"""What the stage `logging` knows of a request, in the application's own lines and in failures."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import cases
import pytest
import running
from running import Run

PYTHON = '''"""An application that logs."""

import asyncio
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from . import health, stages

log = logging.getLogger(__name__)


async def talk() -> None:
    log.info("in a task")


async def log_in_request(request: Request) -> Response:
    log.info("handled")
    await asyncio.to_thread(log.info, "in a thread")
    await asyncio.create_task(talk())
    headers = {"X-Request-ID": "of the application"}
    return PlainTextResponse(request.state.request_id, headers=headers)


async def fail(_request: Request) -> Response:
    raise RuntimeError("password=hunter2")


async def lose(request: Request) -> Response:
    raise RuntimeError(request.path_params["what"])


async def three(*, broken: bool) -> AsyncIterator[bytes]:
    for number in range(1, 4):
        log.info("part %d", number)
        yield b"x"
    if broken:
        raise RuntimeError("no more")


async def break_off(_request: Request) -> Response:
    return StreamingResponse(three(broken=True))


async def parts(_request: Request) -> Response:
    return StreamingResponse(three(broken=False))


async def slow(request: Request) -> Response:
    await asyncio.sleep(0.02)
    log.info("slept", extra={"of": request.path_params["id"]})
    return Response()


ROUTES = {"/log": log_in_request, "/fail": fail, "/break": break_off, "/parts": parts}


def create_app() -> Starlette:
    routes = [Route(path, call) for path, call in ROUTES.items()]
    own = [Route("/slow/{id}", slow), Route("/lose/{what}", lose)]
    app = Starlette(routes=[*routes, *own, *health.ROUTES])
    stages.install(app)
    return app
'''


@pytest.fixture(scope="module", params=["python", "rust"])
def run(
    request: pytest.FixtureRequest,
    pristine: Callable[[tuple[str, ...]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Run]:
    """Run a service whose application logs."""
    if request.param == "rust":
        program = running.rust(cases.program())
    else:
        service = tmp_path_factory.mktemp("logging") / "orders"
        shutil.copytree(pristine(("logging",)), service)
        (service / "src/orders/app.py").write_text(PYTHON, encoding="utf-8")
        program = running.python(service)
    with program.start() as started:
        yield started


def ask(run: Run, path: str, request_id: str) -> tuple[int, str, list[str]]:
    """Return the status and the body of an answer, and the ids in its head."""
    request = urllib.request.Request(run.url + path, headers={"X-Request-ID": request_id})
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body = ""
        with suppress(IncompleteRead):
            body = answer.read().decode()
        return answer.status, body, answer.headers.get_all("X-Request-ID")


def lines(run: Run, request_id: str, *awaited: str) -> list[dict[str, Any]]:
    """Return the lines of a request, once its own is among them, and those with other fields."""

    def found() -> list[dict[str, Any]]:
        texts = [line for line in run.log().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, texts) if line.get("request_id") == request_id]

    def is_complete() -> bool:
        return {"url.path", *awaited} <= {field for line in found() for field in line}

    run.wait_until(is_complete, f"the lines of {request_id} are not complete")
    return found()


def test_every_line_of_a_request_has_its_id(run: Run) -> None:
    status, body, ids = ask(run, "/log", "log-1")
    *messages, last = [line["message"] for line in lines(run, "log-1")]

    assert (status, body, ids) == (200, "log-1", ["log-1"])
    assert messages == ["handled", "in a thread", "in a task"]
    assert last.startswith("GET /log 200 in ")


def test_a_failure_is_answered_and_logged_with_the_id(run: Run) -> None:
    status, _, ids = ask(run, "/fail", "fail-1")
    found = lines(run, "fail-1", "stack_trace")
    [of_request] = [line for line in found if "url.path" in line]
    failure = next(line for line in found if "stack_trace" in line)

    assert (status, ids) == (500, ["fail-1"])
    assert (of_request["level"], of_request["http.response.status_code"]) == ("ERROR", 500)
    assert failure["error.message"] == "password=[redacted]"
    assert "hunter2" not in run.log()


def test_a_failure_has_no_line_that_says_nothing(run: Run) -> None:
    ask(run, "/fail", "fail-2")
    lines(run, "fail-2")
    said = [json.loads(line) for line in run.log().splitlines() if line.startswith("{")]
    about = [line for line in said if "/fail" in line["message"]]

    assert about
    assert all(line.get("request_id", "").startswith("fail-") for line in about)
    assert "its log says why" not in run.log()


def test_a_failure_is_not_hidden_by_those_that_come_all_the_time(run: Run) -> None:
    for number in range(12):
        ask(run, "/lose/noise", f"noise-{number}")
    for what in ("disk-on-fire", "ledger-lost"):
        ask(run, f"/lose/{what}", what)
        found = lines(run, what, "error.message")

        assert any(what in line.get("error.message", "") for line in found), found


def test_the_line_of_a_request_comes_when_its_answer_is_complete(run: Run) -> None:
    assert ask(run, "/parts", "parts-1")[:2] == (200, "xxx")
    messages = [line["message"].split(" in ")[0] for line in lines(run, "parts-1")]

    assert messages == ["part 1", "part 2", "part 3", "GET /parts 200"]


def test_an_answer_that_breaks_off_has_its_line_too(run: Run) -> None:
    with suppress(ConnectionError):
        ask(run, "/break", "break-1")
    found = lines(run, "break-1")

    assert [line["http.response.status_code"] for line in found if "url.path" in line] == [200]
    assert "no more" in run.log()


def test_requests_at_the_same_time_do_not_mix_their_ids(run: Run) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = threads.map(lambda number: ask(run, f"/slow/{number}", f"id-{number}"), range(60))
        assert [answer[2] for answer in answers] == [[f"id-{number}"] for number in range(60)]
    for number in range(60):
        slept, _ = lines(run, f"id-{number}")
        assert slept["of"] == str(number)
