"""Play a drill: inject its fault into a container, and look at what the service makes of it."""

import re
import socket
import time
from contextlib import suppress

from scaffolder.docker.container import Container, Image
from scaffolder.verify.steps import MissingError, NotAsExpectedError

from .drill import LIVES, Drill
from .prepare import LOOK_SECONDS, wait

HEALTHY_SECONDS, END_SECONDS, ANSWER_SECONDS = 60.0, 20.0, 10.0

ALONE = 69
SERVES = (
    f'read -r served _ </proc/1/task/1/children; [ "$served" ] || exit {ALONE}; set -- "$served"; '
)
"""The service is the one child of the first process of its container; the line has no end."""
REQUEST = b"GET /health HTTP/1.1\r\nHost: drill\r\n\r\n"
KILLED = 137


def play(drill: Drill, container: Container, image: Image) -> None:
    """Inject a fault, and look at what comes of it, to the recovery.

    Raise NotAsExpectedError if the service does something else than it has to, MissingError if the
    fault cannot be injected.
    """
    container.start()
    began = time.monotonic()
    if drill.is_later:
        _require_health(drill, container, image, "before the fault")
        began = _inject(drill, container)
    _require_cause(drill, container, began)
    if drill.status is LIVES:
        if drill.cure:
            _shell(drill, drill.cure, container)
        _require_health(drill, container, image, "with the fault")
        container.signal("TERM")
    _require_end(drill, container)
    if drill.recovers:
        container.start()
        _require_health(drill, container, image, "when it was started again")


def _inject(drill: Drill, container: Container) -> float:
    """Bring the fault about; return the moment."""
    if drill.request:
        with socket.create_connection(container.address(), ANSWER_SECONDS) as client:
            _require_answer(drill, client)
            client.sendall(REQUEST[:-4])
            began = time.monotonic()
            container.signal(drill.signal)
            with suppress(OSError):  # the client stays until the service hangs up
                client.recv(65536)
            return began
    began = time.monotonic()
    if drill.inject:
        _shell(drill, drill.inject, container)
    if drill.signal:
        container.signal(drill.signal)
    return began


def _require_answer(drill: Drill, client: socket.socket) -> None:
    try:
        client.sendall(REQUEST)
        answer = client.recv(65536)
    except OSError as error:
        raise NotAsExpectedError(drill.expected, f"the request has no answer: {error}") from error
    if not answer.startswith(b"HTTP/1.1 200"):
        raise NotAsExpectedError(drill.expected, f"the request has no answer, but {answer[:60]!r}")


def _shell(drill: Drill, line: str, container: Container) -> None:
    """Run a line of a shell in the container; what it does may kill it."""
    ran = container.run("sh", "-c", SERVES + line, seconds=drill.seconds)
    if ran.code == ALONE:
        raise NotAsExpectedError(drill.expected, "no other process watches the one that serves")
    if ran.code not in (0, KILLED, None):
        found = ran.complaint or ran.text.strip()
        raise MissingError(f"the fault cannot be injected: it takes a shell in the image ({found})")


def _require_cause(drill: Drill, container: Container, began: float) -> None:
    """Wait for the log to name the cause; after the container's end, nothing comes any more."""
    while drill.cause:
        status, late = container.status, time.monotonic() > began + drill.seconds
        if re.search(drill.cause, container.log()):
            break
        if status is not None or late:
            end = "it still runs" if status is None else f"it ended with status {status}"
            raise NotAsExpectedError(drill.expected, f"the log does not say it, and {end}")
        time.sleep(LOOK_SECONDS)


def _require_end(drill: Drill, container: Container) -> None:
    expected = 0 if drill.status is LIVES else drill.status
    if not wait(lambda: container.status is not None, END_SECONDS):
        raise NotAsExpectedError(drill.expected, f"it still runs after {END_SECONDS:g} s")
    if container.status != expected:
        raise NotAsExpectedError(drill.expected, f"exit status {container.status}")


def _require_health(drill: Drill, container: Container, image: Image, when: str) -> None:
    def passes() -> bool:
        if container.status is not None:
            found = f"it ended with status {container.status}, {when}"
            raise NotAsExpectedError(drill.expected, found)
        return container.run(*image.health_check).code == 0

    if not wait(passes, HEALTHY_SECONDS):
        raise NotAsExpectedError(drill.expected, f"its health check does not pass, {when}")
