"""The stage `logging` takes over from boot, as a process shows it."""

import io
import json
import logging
import os
import pty
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Imported
from running import free_port
from starlette.applications import Starlette

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Serve = Callable[..., "subprocess.Popen[str]"]

# A service whose handlers fail and whose threads log, before and after the stage takes over.
PROGRAM = """
import logging, sys, threading
from orders.runtime import boot
boot.start("test")
log = logging.getLogger("test")
stop = threading.Event()
def count():
    number = 0
    while not stop.is_set():
        log.info("number %d", number)
        number += 1
    log.info("counted %d", number)
thread = threading.Thread(target=count)
thread.start()
from starlette.applications import Starlette
from orders import stages
for _ in range(50):
    stages.logging.install(Starlette())
log.info("taken over")
stop.set()
thread.join()
raise SystemExit(log.warning("a \\udc80 \\n b", extra={"password": "hunter2"}))
"""


# The service with a route that fails.
FAILING = """
import sys
from orders.runtime import boot
boot.start("test")
from orders import app
from orders.runtime import server
create_app = app.create_app
async def fail(request):
    raise ValueError("password=hunter2")
def create_failing_app():
    made = create_app()
    made.add_route("/fail", fail)
    return made
app.create_app = create_failing_app
sys.exit(server.run())
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def stage(imported: Imported) -> ModuleType:
    return imported("stages.logging", "logging")


@pytest.fixture
def handler(stage: ModuleType) -> Iterator["logging.StreamHandler[io.StringIO]"]:
    """A handler like boot's."""
    made = logging.StreamHandler(io.StringIO())
    made.name = stage.log.HANDLER_NAME
    made.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger().addHandler(made)
    yield made
    logging.getLogger().removeHandler(made)


@pytest.fixture(scope="module")
def source(pristine: Callable[[tuple[str, ...]], Path]) -> str:
    return str(pristine(("logging",)) / "src")


@pytest.fixture(scope="module")
def run(source: str) -> Run:
    """Run a script with the service at hand."""

    def script(text: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONPATH": source, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return script


def test_no_line_is_lost_or_doubled_when_the_stage_takes_over(run: Run) -> None:
    done = run(PROGRAM)
    lines = done.stdout.splitlines()
    structured = [json.loads(line) for line in lines if line.startswith("{")]
    plain = [line for line in lines if not line.startswith("{")]
    numbers = [line.rsplit(" ", 1)[1] for line in plain if "number " in line]
    numbers += [line["message"][7:] for line in structured if line["message"].startswith("number")]
    [counted] = [line["message"] for line in structured if line["message"].startswith("counted")]

    assert done.stderr == ""
    assert "starting test" in lines[0]
    assert numbers == [str(number) for number in range(int(counted[8:]))]
    assert lines[: len(plain)] == plain, "a line after the first JSON line is not JSON"
    assert structured[-1]["message"] == "a \\udc80 \n b"
    assert structured[-1]["password"] == "[redacted]"


def test_lines_before_and_after_taking_over_are_there(
    stage: ModuleType, handler: "logging.StreamHandler[io.StringIO]"
) -> None:
    log = logging.getLogger("test")
    log.warning("before")
    stage.install(Starlette())
    log.warning("after")
    before, after = handler.stream.getvalue().splitlines()

    assert before == "before"
    assert json.loads(after)["message"] == "after"


def test_installing_again_doubles_nothing(
    stage: ModuleType, handler: "logging.StreamHandler[io.StringIO]"
) -> None:
    before = list(logging.getLogger().handlers)
    for _ in range(3):
        stage.install(Starlette())
    logging.getLogger("test").warning("once")

    assert logging.getLogger().handlers == before
    assert handler.stream.getvalue().count("once") == 1


def test_other_handlers_stay_as_they_are(
    stage: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    formatter = caplog.handler.formatter
    stage.install(Starlette())
    logging.getLogger("test").warning("seen %s", "here")

    assert caplog.handler.formatter is formatter
    assert caplog.messages == ["seen here"]


def test_without_boot_the_stage_starts_logging(run: Run) -> None:
    done = run(
        "import logging\nfrom orders.app import create_app\n"
        "create_app()\nlogging.getLogger('test').info('here')",
    )

    assert json.loads(done.stdout.splitlines()[-1])["message"] == "here"


@pytest.mark.parametrize(
    ("asked", "stream", "first"),
    [
        ("auto", io.StringIO(), "{"),
        ("auto", Terminal(), "2"),
        ("json", Terminal(), "{"),
        ("text", io.StringIO(), "2"),
    ],
)
def test_the_format_is_that_of_the_setting_and_the_stream(
    stage: ModuleType, asked: str, stream: io.StringIO, first: str
) -> None:
    record = logging.LogRecord("test", logging.INFO, __file__, 1, "x", (), None)

    assert stage.formatter(asked, stream).format(record).startswith(first)


def test_a_wrong_format_is_reported_with_what_is_accepted(stage: ModuleType) -> None:
    with pytest.raises(stage.config.ConfigError, match=r"LOG_FORMAT is 'xml': .* auto, json, text"):
        stage.config.read(stage.Settings, {"LOG_FORMAT": "xml"})


@pytest.mark.parametrize(
    ("stream", "variables", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_color_is_for_terminals_that_want_it(
    stage: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    variables: dict[str, str],
    *,
    wanted: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert stage.wants_color(stream) is wanted


def test_on_a_terminal_lines_are_readable(source: str) -> None:
    ours, theirs = pty.openpty()
    program = (
        "from orders import stages; from orders.runtime import boot; boot.start('test')\n"
        "from starlette.applications import Starlette; stages.logging.install(Starlette())\n"
        "boot.log.error('seen')"
    )
    environment = {**os.environ, "PYTHONPATH": source, "TERM": "xterm", "NO_COLOR": ""}
    subprocess.run([sys.executable, "-c", program], env=environment, stdout=theirs, check=True)
    os.close(theirs)
    output = os.read(ours, 65536).decode()
    os.close(ours)

    assert "\x1b[31mERROR   \x1b[0m orders.runtime.boot: seen" in output


@pytest.fixture
def port() -> str:
    return str(free_port())


@pytest.fixture
def serve(source: str, port: str) -> Iterator[Serve]:
    """Start the service that fails; it is killed if it still runs afterwards."""
    processes = []

    def start(**variables: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": source, "HOST": "127.0.0.1", "PORT": port}
        process = subprocess.Popen(
            [sys.executable, "-c", FAILING],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ask(port: str, path: str) -> int:
    """Return the status of the answer, as soon as there is one."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"X-Request-ID": "abc-123"}
    )
    for _ in range(400):
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code
        except urllib.error.URLError:
            time.sleep(0.05)
    pytest.fail("the service did not start")


def stopped(process: "subprocess.Popen[str]") -> list[Any]:
    """Stop the service; return the JSON lines, which are all but those of the start."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    lines = output.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("{")), len(lines))

    assert "starting test" in lines[0]
    return [json.loads(line) for line in lines[first:]]


def test_every_line_of_a_running_service_is_json(serve: Serve, port: str) -> None:
    process = serve()
    statuses = [ask(port, path) for path in ("/health", "/nowhere?token=hunter2", "/fail")]
    lines = stopped(process)
    asked = [(line["logger"], line["message"]) for line in lines if "request_id" in line]

    assert statuses == [200, 404, 500]
    assert [(logger, message.split(" in ")[0]) for logger, message in asked] == [
        ("orders.stages.logging.requests", "GET /nowhere 404"),
        ("orders.stages.logging.requests", "GET /fail 500"),
        ("uvicorn.error", "Exception"),
    ]
    assert {line["request_id"] for line in lines if "request_id" in line} == {"abc-123"}
    assert "hunter2" not in json.dumps(lines)
    assert lines[-1]["message"] == "stopped by SIGTERM"


def test_the_level_comes_from_the_environment(serve: Serve, port: str) -> None:
    process = serve(LOG_LEVEL="ERROR")
    assert ask(port, "/nowhere") == 404
    assert ask(port, "/fail") == 500
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)

    assert {json.loads(line)["level"] for line in output.splitlines()} == {"ERROR"}


def test_text_that_a_stream_cannot_encode_is_escaped(run: Run) -> None:
    done = run(
        "import logging\nfrom orders.app import create_app\ncreate_app()\n"
        "logging.getLogger('test').info('caf\\xe9 \\u2713')",
        LOG_FORMAT="text",
        PYTHONIOENCODING="ascii",
    )

    assert done.stdout.endswith(" INFO     test: caf\\xe9 \\u2713\n")
    assert done.stderr == ""


@pytest.mark.parametrize(("asked", "first"), [("json", "{"), ("text", "2")])
def test_the_supervisor_writes_json_where_the_service_does(
    run: Run, asked: str, first: str
) -> None:
    done = run(
        "from orders.runtime import boot, stdio\n"
        "boot.start('test')\nfrom orders.app import create_app\ncreate_app()\n"
        "stdio.say('INFO', 'supervisor', 'said without logging')",
        LOG_FORMAT=asked,
    )

    assert "said without logging" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(first)


# What structlog's own loggers write, through the service's handler.
STRUCTLOG = """
import structlog
from starlette.applications import Starlette
from orders import stages
from orders.runtime import boot
log = structlog.get_logger("test", tenant="t")  # as modules have it, before any stage
boot.start("test")
stages.logging.install(Starlette())
log.info("%d orders", 3, password="hunter2", module="m", args=(1, 2))
log.info("%d orders", "many")
log.info(None, order=7)
log.debug("unseen")
for number in range(20):
    log.warning("one", number=number)
    log.warning("other", number=number)
try:
    raise ValueError("token=hunter2")
except ValueError:
    log.exception("failed", stack_info=True)
"""


def test_loggers_of_structlog_write_the_same_lines(run: Run) -> None:
    done = run(STRUCTLOG)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    first, second, third, *warnings, last = lines

    assert done.stderr == ""
    assert "hunter2" not in done.stdout
    assert (first["message"], first["tenant"], first["password"]) == ("3 orders", "t", "[redacted]")
    assert (first["extra.module"], first["extra.args"]) == ("m", [1, 2])
    assert second["message"].startswith("[cannot be formatted: TypeError] %d orders")
    assert (third["message"], third["order"]) == ("None", 7)
    # A report that repeats is known by its place, which is not structlog's: ten of each are shown.
    assert [line["message"] for line in warnings] == ["one", "other"] * 10
    assert last["error.type"] == "ValueError"
    assert "Stack (most recent call last)" in last["stack_trace"]
    assert "Traceback" in last["stack_trace"]
