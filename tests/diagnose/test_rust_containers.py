"""Real containers of a service in Rust: what ended each is told; and those of the first incident."""

from collections.abc import Iterator

import pytest
import rust_code
import rust_services
from conftest import viscaffold
from containers import docker, require_docker
from fault import CONTAINER, Fault, at_import
from harness import Container, answers, started, wait_until
from rust_services import require_cargo
from subjects import Subject, image_of

pytestmark = pytest.mark.slow

MEMORY = ("--memory", "32m", "--memory-swap", "32m")
DUMMY = {"src/main.rs": "fn main() {}\n", "src/lib.rs": ""}
"""What an image is left with if cargo takes the source that cached the dependencies for newer."""


def at_start(code: str, **more: object) -> Fault:
    return at_import(code, "", "any", code, module="start", **more)


DEAD: dict[tuple[str, str], Fault] = {
    ("rust-panic", "proven"): at_start("panic"),
    ("own-stage", "proven"): at_start("error"),
    ("own-ended", "proven"): at_start("exit 0"),
    ("own-native-crash", "proven"): at_start("segmentation fault"),
    ("own-stack", "proven"): at_start("stack overflow"),
    ("own-memory", "proven"): at_start("memory", docker=MEMORY),
    ("own-killed", "proven"): at_start("raise 9"),
    ("own-stuck", "proven"): at_start("sleep 30", environment={"START_SECONDS": "4"}),
    ("own-deaf", "proven"): Fault("deaf", "", "any", "listener closed", on_request=True),
    ("own-setting", "proven"): Fault("setting", "", 78, environment={"PORT": "eighty"}),
    ("own-limit", "likely"): Fault("limit", "", 71, docker=("--pids-limit", "1")),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Subject]:
    require_docker()
    require_cargo()
    with image_of(rust_code.generated()) as image:
        yield Subject(image=image)


def diagnosed(name: str) -> tuple[str, str]:
    ran = viscaffold("diagnose", name, "--json")
    assert ran.code == 10, ran.err
    found = ran.json()
    return found["cause"]["id"], found["verdict"]


@pytest.mark.parametrize("expected", DEAD, ids=lambda expected: expected[0])
def test_what_ended_a_service_is_told(expected: tuple[str, str], service: Subject) -> None:
    fault = DEAD[expected]
    with started(fault, CONTAINER, service) as (container, port):
        assert isinstance(container, Container)
        if fault.on_request:
            assert wait_until(lambda: answers(port), 30)
            answers(port, "/fault")
        assert wait_until(lambda: container.status is not None, 60), container.log()
        assert diagnosed(container.name) == expected
        report = viscaffold("report", container.name).out

    assert "orders" in report


def test_a_panic_before_logging_is_told(service: Subject) -> None:
    """The incident that this began with: a container that restarts, and an empty log."""
    fault = at_import("panic", "", 101, "panic", module="main")
    with started(fault, CONTAINER, service) as (container, _):
        assert isinstance(container, Container)
        assert wait_until(lambda: container.status is not None, 30)
        assert diagnosed(container.name) == ("rust-panic", "proven")


def test_a_program_that_is_the_dummy_of_its_build_is_told() -> None:
    require_docker()
    with image_of(rust_services.binary((), DUMMY, variant="dummy")) as image:
        fault = Fault("dummy", "", 0)
        with started(fault, CONTAINER, Subject(image=image)) as (container, _):
            assert isinstance(container, Container)
            assert wait_until(lambda: container.status is not None, 30)
            found = viscaffold("diagnose", container.name, "--json").json()
            assert docker("logs", container.name) == ""

    assert found["cause"]["id"] == "dummy-main", found["cause"]
