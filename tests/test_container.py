"""Services in containers: built, healthy, hardened, and stopped in time."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import STAGES
from containers import docker, obstacle
from running import free_port, wait_for

HEALTHY_SECONDS = 60
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


@pytest.fixture(scope="session", autouse=True)
def _with_docker() -> None:
    reason = obstacle()
    if reason and os.environ.get("REQUIRE_DOCKER"):
        pytest.fail(reason)
    if reason:
        pytest.skip(f"container tests: {reason}")


@pytest.fixture(scope="module", params=[(), STAGES], ids=["base", "all-stages"])
def image(
    request: pytest.FixtureRequest, pristine: Callable[[tuple[str, ...]], Path]
) -> Iterator[str]:
    """Build the image of a service by the command of its README."""
    tag = f"viscaffold-test-{uuid4().hex[:12]}"
    docker("build", "--tag", tag, str(pristine(request.param)))
    yield tag
    docker("image", "rm", "--force", tag, expect=None)


@pytest.fixture
def container(image: str) -> Iterator[str]:
    """Name a container; whatever has that name afterwards is removed."""
    name = f"{image}-{uuid4().hex[:6]}"
    yield name
    docker("rm", "--force", "--volumes", name, expect=None)


def inspect(name: str, template: str) -> str:
    return docker("inspect", "--format", template, name).strip()


def wait_until_healthy(name: str) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while inspect(name, "{{.State.Health.Status}}") != "healthy":
        assert time.monotonic() < deadline, docker("logs", name)
        time.sleep(0.2)


def test_a_hardened_container_gets_healthy_answers_and_stops_in_time(
    image: str, container: str
) -> None:
    port = free_port()
    publish = ["--publish", f"127.0.0.1:{port}:8080"]
    docker("run", "--detach", "--name", container, *publish, *HARDENED, image)
    health = json.loads(wait_for(f"http://127.0.0.1:{port}/health"))
    wait_until_healthy(container)
    started = time.monotonic()
    docker("stop", container)
    seconds = time.monotonic() - started

    assert health["status"] == "ok"
    assert health["version"] == "0.1.0"
    assert seconds < 2 + 1, "2 s for the service, the rest for the engine"
    assert inspect(container, "{{.State.ExitCode}}") == "0", docker("logs", container)
    assert "starting orders" in docker("logs", container)


def test_it_runs_as_an_ordinary_user(image: str) -> None:
    ran = docker("run", "--rm", "--entrypoint", "id", image)

    assert ran.startswith("uid=1000")
    assert "gid=1000" in ran


def test_it_can_write_to_its_data_and_to_nothing_else(image: str, container: str) -> None:
    script = (
        "touch data/x && ! touch /app/x 2>/dev/null && ! touch /tmp/x 2>/dev/null && echo right"
    )
    run = ["run", "--name", container, *HARDENED, "--entrypoint", "sh", image, "-c", script]

    assert docker(*run).strip() == "right"


def test_the_image_holds_no_compiler_no_cache_and_no_tests(image: str) -> None:
    script = (
        "for name in gcc cc c++ make pip pip3; do"
        "  found=$(command -v $name) && case $found in /app/*) echo $name;; esac; done;"
        "command -v gcc cc c++ make;"
        "find / -xdev \\( -path /proc -o -path /sys \\) -prune -o"
        " \\( -path '*/.cache/pip*' -o -path '/app/tests*' -o -path '/app/.git*' \\) -print"
    )
    left = docker(
        "run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", f"{script}; true"
    )

    assert left.strip() == ""


def test_wrong_settings_are_in_the_log_and_in_the_exit_status(image: str, container: str) -> None:
    docker("run", "--name", container, "--env", "PORT=eighty", image, expect=78)

    assert "setting PORT is 'eighty'" in docker("logs", container)


def test_another_port_moves_the_health_check_along(image: str, container: str) -> None:
    docker("run", "--detach", "--name", container, "--env", "PORT=9000", image)
    wait_until_healthy(container)


def test_orphans_do_not_stay_as_zombies(image: str, container: str) -> None:
    docker("run", "--detach", "--name", container, image)
    wait_until_healthy(container)
    docker("exec", container, "sh", "-c", "for each in 1 2 3; do (sleep 0.3 &); done")
    time.sleep(1)
    states = docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/status")

    assert states.count("State:") > 1
    assert "State:\tZ" not in states


def test_the_labels_name_the_service(image: str) -> None:
    labels = json.loads(inspect(image, "{{json .Config.Labels}}"))

    assert labels["org.opencontainers.image.title"] == "orders"
