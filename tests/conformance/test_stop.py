"""What a stop does to the requests that are under way, in every language."""

import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from containers import docker, inspect
from fault import CONTAINER, PLAIN, Fault
from harness import Container, Running, answers, started, wait_until
from subjects import Pristine, Subjects, subjects

LANGUAGES = ("python", "rust")
WAITS = {"python": "import asyncio\nasync def fault(): await asyncio.sleep(3)", "rust": "sleep"}
WAITS_FOR_EVER = {
    "python": "import asyncio\nasync def fault(): await asyncio.Event().wait()",
    "rust": "pending",
}
BLOCKS = {"python": "import time; time.sleep(60)", "rust": "hang"}
END_OF_BLOCKED = {
    "python": ("70", "CRITICAL supervisor: orders: it does not stop: 8 s are over"),
    "rust": ("0", "is blocked"),  # one worker is no reason to fail
}
START_SECONDS = 30.0

Ask = Callable[[], "Asked"]


class Asked:
    """A request that is under way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer = ""
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()
        time.sleep(0.5)

    def _ask(self) -> None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/fault", timeout=20
            ) as answer:
                self.answer = f"{answer.status} {answer.read().decode()}"
        except (urllib.error.URLError, OSError) as error:
            self.answer = str(error)

    def wait(self) -> str:
        self.thread.join(20)
        return self.answer


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest, pristine: Pristine) -> Iterator[Subjects]:
    """Make a service of each language, whose route /fault takes its time."""
    with subjects(request.param, pristine) as found:
        yield found


def fault(code: str) -> Fault:
    return Fault("a request under way", "", None, code, on_request=True)


def ready(running: Running, port: int) -> Asked:
    assert wait_until(lambda: answers(port), START_SECONDS), running.log()
    return Asked(port)


def ended(running: Running) -> int | None:
    wait_until(lambda: running.status is not None, 20)
    return running.status


def test_a_request_under_way_gets_its_answer(made: Subjects) -> None:
    with started(fault(WAITS[made.language]), PLAIN, made.plain()) as (running, port):
        asked = ready(running, port)
        running.send(signal.SIGTERM)
        time.sleep(0.7)
        assert running.status is None, "it waits for the request"
        assert not answers(port), "it takes no new ones"
        assert asked.wait() == "200 done"
        assert ended(running) == 0
        assert "stopped by SIGTERM" in running.log()


def test_a_request_that_takes_too_long_is_given_up(made: Subjects) -> None:
    with started(fault(WAITS_FOR_EVER[made.language]), PLAIN, made.plain()) as (running, port):
        asked = ready(running, port)
        began = time.monotonic()
        running.send(signal.SIGTERM)
        assert ended(running) == 0
        assert 4 < time.monotonic() - began < 8, "before `docker stop` kills it"
        assert "done" not in asked.wait()
        assert "stopped by SIGTERM" in running.log()


def test_whoever_asks_again_does_not_wait_for_requests(made: Subjects) -> None:
    with started(fault(WAITS_FOR_EVER[made.language]), PLAIN, made.plain()) as (running, port):
        ready(running, port)
        running.send(signal.SIGTERM)
        time.sleep(1.5)
        began = time.monotonic()
        running.send(signal.SIGTERM)
        assert ended(running) == 0
        assert time.monotonic() - began < 2


@pytest.mark.slow
def test_docker_stop_ends_it_with_0(made: Subjects) -> None:
    with started(fault(WAITS[made.language]), CONTAINER, made.contained()) as (running, port):
        assert isinstance(running, Container)
        asked = ready(running, port)
        docker("stop", running.name)
        assert inspect(running.name, "{{.State.ExitCode}}") == "0", running.log()
        assert asked.wait() == "200 done"


@pytest.mark.slow
def test_docker_stop_of_a_service_that_is_blocked_is_no_silent_kill(made: Subjects) -> None:
    with started(fault(BLOCKS[made.language]), CONTAINER, made.contained()) as (running, port):
        assert isinstance(running, Container)
        ready(running, port)
        docker("stop", running.name)
        status, words = END_OF_BLOCKED[made.language]
        assert inspect(running.name, "{{.State.ExitCode}}") == status, running.log()
        assert words in running.log()
