"""What Docker makes of the health check: healthy while the service lives, and no longer."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from containers import (
    docker,
    inspect,
    remove_image,
    require_docker,
    wait_for_health,
    why_unhealthy,
)
from running import free_port

pytestmark = pytest.mark.slow

INJECT = Path(__file__).parents[1] / "faults/inject"
QUICK = ("--health-interval=500ms", "--health-retries=2", "--health-start-period=0s")
HANGS_AT_START = {"FAULT_MODULE": "orders.app", "FAULT_CODE": "import time; time.sleep(600)"}
# Before it looks whether the port is free, which would end it.
HANGS_BEFORE_IT_LISTENS = {**HANGS_AT_START, "FAULT_MODULE": "orders.runtime.server"}
BLOCKS_ON_REQUEST = {**HANGS_AT_START, "FAULT_IN": "request"}
LOSES_ITS_SOCKET = {
    **BLOCKS_ON_REQUEST,
    "FAULT_CODE": """
import gc, socket
for found in gc.get_objects():
    if type(found) is socket.socket and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.close()
""",
}
STRANGER = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Stranger(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("", 8080), Stranger).serve_forever()
"""

Start = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def _with_docker() -> None:
    require_docker()


@pytest.fixture(scope="module")
def image(pristine: Callable[[tuple[str, ...]], Path]) -> Iterator[str]:
    tag = f"viscaffold-test-{uuid4().hex[:12]}"
    docker("build", "--tag", tag, str(pristine(())))
    yield tag
    remove_image(tag)


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Start the service in a container, with a fault injected; return the container's name."""
    made: list[str] = []

    def run(*flags: str, command: tuple[str, ...] = (), **environment: str) -> str:
        made.append(f"{image}-{uuid4().hex[:6]}")
        variables = {"PYTHONPATH": "/inject", **environment}
        docker(
            *("run", "--detach", "--name", made[-1], f"--volume={INJECT}:/inject:ro", *QUICK),
            *(f"--env={name}={value}" for name, value in variables.items()),
            *flags,
            image,
            *command,
        )
        return made[-1]

    yield run
    for name in reversed(made):  # one that shares another's network goes first
        docker("rm", "--force", "--volumes", name, expect=None)


def test_a_frozen_service_is_unhealthy_and_one_that_goes_on_is_healthy_again(start: Start) -> None:
    name = start()
    wait_for_health(name, "healthy")
    found = re.search(r"process (\d+)", docker("logs", name))
    assert found
    signal = "import os, sys; os.kill(int(sys.argv[1]), int(sys.argv[2]))"
    docker("exec", name, "python", "-c", signal, found[1], "19")
    why = why_unhealthy(name)
    docker("exec", name, "python", "-c", signal, found[1], "18")
    wait_for_health(name, "healthy")

    assert "in time: the service hangs or is frozen" in why


def test_a_service_that_hangs_at_its_start_is_unhealthy(start: Start) -> None:
    assert "Connection refused" in why_unhealthy(start(**HANGS_AT_START))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (BLOCKS_ON_REQUEST, "in time: the service hangs or is frozen"),
        (LOSES_ITS_SOCKET, "Connection refused"),
    ],
    ids=["blocked", "deaf"],
)
def test_a_service_that_is_blocked_or_deaf_is_unhealthy(
    start: Start, fault: dict[str, str], reason: str
) -> None:
    port = free_port()
    name = start(f"--publish=127.0.0.1:{port}:8080", **fault)
    wait_for_health(name, "healthy")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /fault HTTP/1.1\r\nHost: orders\r\n\r\n")
        why = why_unhealthy(name)

    assert reason in why


def test_a_copy_that_answers_on_the_same_network_does_not_stand_in_for_it(start: Start) -> None:
    answering = start()
    wait_for_health(answering, "healthy")
    hanging = start(f"--network=container:{answering}", **HANGS_BEFORE_IT_LISTENS)

    assert "is answered by another instance" in why_unhealthy(hanging)
    assert inspect(answering, "{{.State.Health.Status}}") == "healthy"


def test_another_program_on_the_port_does_not_stand_in_for_it(start: Start) -> None:
    other = start("--entrypoint=python", command=("-c", STRANGER))
    hanging = start(f"--network=container:{other}", **HANGS_BEFORE_IT_LISTENS)

    assert "is answered by another program" in why_unhealthy(hanging)
