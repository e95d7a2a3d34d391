"""What Docker makes of the health check of a Rust service: healthy while it lives, no longer."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import containers
import pytest
import rust_code
import rust_images
from containers import docker, wait_for_health, why_unhealthy

pytestmark = pytest.mark.slow

QUICK = ("--health-interval=500ms", "--health-retries=2", "--health-start-period=0s")
HANGS_AT_START = {"FAULT_IN": "import", "FAULT_MODULE": "start", "FAULT_CODE": "hang"}

Start = Callable[..., str]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = rust_images.context((), tmp_path_factory.mktemp("image") / "orders")
    with containers.image(directory) as tag:
        yield tag


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Start a container of the image, whose program has the faults; return its name."""
    made: list[str] = []
    program = f"--volume={rust_code.generated()}:/usr/local/bin/orders:ro"

    def run(**environment: str) -> str:
        made.append(f"{image}-{uuid4().hex[:6]}")
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        docker("run", "--detach", "--name", made[-1], program, *QUICK, *variables, image)
        return made[-1]

    yield run
    for name in made:
        docker("rm", "--force", "--volumes", name, expect=None)


def test_a_frozen_service_is_unhealthy_and_one_that_goes_on_is_healthy_again(start: Start) -> None:
    name = start()
    wait_for_health(name, "healthy")
    found = re.search(r"process (\d+)", docker("logs", name))
    assert found
    docker("exec", name, "sh", "-c", f"kill -STOP {found[1]}")
    why = why_unhealthy(name)
    docker("exec", name, "sh", "-c", f"kill -CONT {found[1]}")
    wait_for_health(name, "healthy")

    assert "in time: the service hangs or is frozen" in why


def test_a_service_that_hangs_at_its_start_is_unhealthy(start: Start) -> None:
    assert "Connection refused" in why_unhealthy(start(**HANGS_AT_START))
