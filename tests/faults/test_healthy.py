"""No healthy service is ended, or called faulty: odd situations, each with little processor time.

Each is played in a container with a share of a processor, from a twentieth to two, or as a plain
process where there is no Docker. HEALTHY=long plays every one with every share.
"""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from socket import create_connection

import pytest
import python_situations
import rust_situations
from containers import obstacle
from fault import CONTAINER, PLAIN, Fault
from harness import Running, answers, started, wait_until
from situation import Situation
from subjects import Pristine, Subject, subjects

pytestmark = pytest.mark.slow

LONG = os.environ.get("HEALTHY") == "long"
SHARES = ("0.05", "0.25", "1", "2")
AT_ONCE = 4
START_SECONDS = 120.0
SITUATIONS = {
    "python": python_situations.SITUATIONS,
    "rust": rust_situations.SITUATIONS,
}
ALARMS = re.compile(
    r"CRITICAL|blocked|hangs|does not stop|has not ended|no answer|not say why|killed by"
    r"|Traceback|was killed|answers nobody|no request is answered|nobody listens"
)


def played(language: str) -> list[tuple[Situation, str]]:
    """Return what is played: each situation with one share, or with all of them."""
    situations = SITUATIONS[language]
    if LONG:
        return [(situation, share) for situation in situations for share in SHARES]
    return [(situation, SHARES[at % 4]) for at, situation in enumerate(situations)]


def play(situation: Situation, share: str, subject: Subject) -> str:
    """Play a situation; return what is wrong, or nothing."""
    fault = Fault(
        situation.name,
        "",
        None,
        situation.code,
        on_request=not situation.at_import,
        module=situation.module,
        docker=("--cpus", share),
        limit=situation.limit,
    )
    place = CONTAINER if subject.image and situation.limit == ":" else PLAIN
    with started(fault, place, subject) as (running, port):
        if not wait_until(lambda: answers(port), START_SECONDS):
            return f"it does not start: {running.log()}"
        _put_into(situation, running, port)
        alive = running.status is None or signal.SIGTERM in situation.signals
        running.send(signal.SIGTERM)
        wait_until(lambda: running.status is not None, START_SECONDS)
        status, log = running.status, running.log()
    healthy = alive and status == 0 and not _alarm(log, situation)
    return "" if healthy else f"{status}: {log[-3000:]}"


def _put_into(situation: Situation, running: Running, port: int) -> None:
    """Let it be in the situation, for as long as that takes."""
    with ExitStack() as connected:
        for _ in range(situation.connections):
            connected.enter_context(create_connection(("127.0.0.1", port)))
        if situation.code and not situation.at_import:
            answers(port, "/fault")
        for number in situation.signals:
            running.send(number)
        for _ in range(situation.requests):
            answers(port, "/")
        if situation.paused:
            running.pause()
            time.sleep(situation.paused)
            running.resume()
        time.sleep(situation.serves)


def _alarm(log: str, situation: Situation) -> bool:
    if situation.expected:
        log = log.replace(situation.expected, "")
    return bool(ALARMS.search(log))


@pytest.mark.parametrize("language", SITUATIONS)
def test_a_healthy_service_ends_with_0_and_is_called_nothing_else(
    language: str, pristine: Pristine
) -> None:
    without = obstacle() and not os.environ.get("REQUIRE_DOCKER")
    with subjects(language, pristine) as made, ThreadPoolExecutor(AT_ONCE) as pool:
        subject = made.plain() if without else made.contained()

        def wrong(case: tuple[Situation, str]) -> str:
            found = play(*case, subject)
            return f"{case[0].name}, with {case[1]} processors: {found}" if found else ""

        found = list(filter(None, pool.map(wrong, played(language))))
    assert len(SITUATIONS[language]) > 30
    assert not found, "\n\n".join(found)
