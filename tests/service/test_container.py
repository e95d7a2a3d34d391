"""Services in containers: built, healthy, hardened, and stopped in time."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import containers
import pytest
import rust_images
from containers import docker, inspect, require_docker, wait_for_health
from running import free_port, wait_for

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

pytestmark = pytest.mark.slow

HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


@pytest.fixture(
    scope="module",
    params=[(language, which) for language in LANGUAGES for which in ("base", "all stages")],
    ids=" ".join,
)
def image(
    request: pytest.FixtureRequest,
    pristine: Callable[[tuple[str, ...]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Build the image of a service by the command of its README."""
    language, which = request.param
    require_docker(language)
    known = tuple(sorted(catalogue.load(template.builtin().root, language).stages))
    stages = () if which == "base" else known
    if language == "rust":
        directory = rust_images.context(stages, tmp_path_factory.mktemp("image") / "orders")
    else:
        directory = pristine(stages)
    with containers.image(directory) as tag:
        yield tag


@pytest.fixture
def container(image: str) -> Iterator[str]:
    """Name a container; whatever has that name afterwards is removed."""
    name = f"{image}-{uuid4().hex[:6]}"
    yield name
    docker("rm", "--force", "--volumes", name, expect=None)


def test_a_hardened_container_gets_healthy_answers_and_stops_in_time(
    image: str, container: str
) -> None:
    port = free_port()
    publish = ["--publish", f"127.0.0.1:{port}:8080"]
    docker("run", "--detach", "--name", container, *publish, *HARDENED, image)
    health = json.loads(wait_for(f"http://127.0.0.1:{port}/health"))
    wait_for_health(container, "healthy")
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
        "command -v gcc cc c++ make cargo rustc;"
        "find / -xdev \\( -path /proc -o -path /sys \\) -prune -o"
        " \\( -path '*/.cache/pip*' -o -path '/app/tests*' -o -path '/app/.git*'"
        " -o -path '*/.cargo' -o -path '*/target/release' \\) -print"
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
    wait_for_health(container, "healthy")


def test_orphans_do_not_stay_as_zombies(image: str, container: str) -> None:
    docker("run", "--detach", "--name", container, image)
    wait_for_health(container, "healthy")
    docker("exec", container, "sh", "-c", "for each in 1 2 3; do (sleep 0.3 &); done")
    time.sleep(1)
    states = docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/status")

    assert states.count("State:") > 1
    assert "State:\tZ" not in states


def test_the_labels_name_the_service(image: str) -> None:
    labels = json.loads(inspect(image, "{{json .Config.Labels}}"))

    assert labels["org.opencontainers.image.title"] == "orders"
