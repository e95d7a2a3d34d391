"""`minimal`: platform or code?"""

import fcntl
import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import containers
import jsonschema
import pytest
from conftest import MakeService, Ran, state, viscaffold

from scaffolder.operations import place

SCHEMA = Path(__file__).parents[2] / "docs/schemas/minimal.json"


class Failing:
    """Containers that die at once, whatever they are given, or only sleep."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def run(self, *options: str, dies: bool = True) -> str:
        name = f"viscaffold-test-{uuid4().hex[:12]}"
        self.names.append(name)
        code = "import stripe" if dies else "import time; time.sleep(600)"
        image = ("--entrypoint", "python", containers.IMAGE, "-c", code)
        containers.docker("run", "--detach", "--name", name, *options, *image)
        return name


@pytest.fixture
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    """Give containers; no other test of this kind runs meanwhile, whose own ones would be seen."""
    containers.require_docker()
    made = Failing()
    with (tmp_path_factory.getbasetemp().parent / "minimal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield made
    for name in made.names:
        containers.docker("rm", "--force", "--volumes", name, expect=None)


def judged(name: str, code: int = 10) -> tuple[Ran, Any]:
    ran = viscaffold("minimal", name, "--json")
    assert ran.code == code, ran.err + ran.out
    found = ran.json()
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert "viscaffold-minimal/" not in containers.docker("ps", "--all", "--format", "{{.Image}}")
    assert "viscaffold-minimal/orders" not in containers.docker("image", "ls")
    return ran, found


@pytest.mark.slow
def test_the_code_is_at_fault_where_the_smallest_service_works(
    service: MakeService, failing: Failing, tmp_path: Path
) -> None:
    root = service("api")
    with (root / "src/orders/app.py").open("a", encoding="utf-8") as file:
        file.write("raise RuntimeError\n")
    before = state(root)
    options = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    options += ["--memory", "256m", "--tmpfs", "/tmp", "--pids-limit", "64"]
    options += ["--volume", f"{tmp_path}:/opt:ro", "--volume", f"{tmp_path}:/mnt/here:ro"]
    name = failing.run(*options, "--env", "LOG_LEVEL=DEBUG", "--env", "API_TOKEN=hunter2-hunter2")
    ran, found = judged(name)

    assert found["fault"] == "code"
    assert found["found"] == "it became healthy"
    assert {"setting LOG_LEVEL", "setting API_TOKEN", "memory=268435456", "read-only"} <= {
        *found["given"]
    }
    assert "mount /mnt/here" in found["given"]
    assert found["left_out"] == ["mount /opt (it would hide the program)"]
    assert "hunter2" not in ran.out + ran.err
    assert state(root) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--env", "PORT=http"], "setting PORT is 'http'"),
        (["--memory", "6m", "--memory-swap", "6m"], "memory|status 137|could not be started"),
    ],
)
def test_the_platform_is_at_fault_where_it_does_not_work_either(
    service: MakeService, failing: Failing, options: list[str], words: str
) -> None:
    service()
    _, found = judged(failing.run(*options))

    assert found["fault"] == "platform"
    assert re.search(words, "\n".join([found["found"], *found["log"]]))


@pytest.mark.slow
def test_of_one_that_is_healthy_itself_it_cannot_be_told(
    service: MakeService, failing: Failing
) -> None:
    service()
    healthy = ("--network", "none", "--health-cmd", "true", "--health-interval", "1s")
    name = failing.run(*healthy, dies=False)
    containers.wait_for_health(name, "healthy")
    _, found = judged(name, code=11)

    assert found["fault"] == "unknown"
    assert f"it became healthy, and {name} is healthy itself" in found["found"]


def test_without_a_container_it_says_how_to_name_one(service: MakeService) -> None:
    containers.require_docker()
    service()
    here = viscaffold("minimal")
    named = viscaffold("minimal", "nowhere")

    assert (here.code, named.code) == (2, 2)
    assert "no container of orders" in here.err
    assert "no container 'nowhere'" in named.err
    assert "docker ps --all" in named.err


def _place(**host: object) -> place.Place:
    document = {
        "Name": "/orders",
        "Config": {"Env": ["A=1", "B=two\nlines", "C=same", "UNSET"], "User": "7"},
        "HostConfig": host,
        "NetworkSettings": {"Networks": {"shop": {}}},
        "Mounts": [],
    }
    return place.Place(document, {"Config": {"Env": ["C=same"], "User": ""}})


def test_settings_are_those_that_the_image_does_not_have(tmp_path: Path) -> None:
    part = place.settings(_place(), tmp_path)

    assert (tmp_path / "settings").read_text(encoding="utf-8") == "A=1\n"
    assert (tmp_path / "settings").stat().st_mode & 0o777 == 0o600
    assert part.given == ["setting A"]
    assert part.left_out == ["setting B (it has several lines)"]


def test_privileges_and_devices_are_left_out() -> None:
    part = place.limits(
        _place(Privileged=True, CapAdd=["SYS_ADMIN"], Devices=[{}], CapDrop=["ALL"])
    )

    assert part.options == ["--cap-drop=ALL", "--user=7"]
    assert part.left_out == ["privileges", "added capabilities", "devices"]


OWN = {
    "Config": {
        "WorkingDir": "/app",
        "Env": ["PATH=/opt/venv/bin:/usr/bin"],
        "Entrypoint": ["/usr/bin/orders"],
    }
}


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("/app/data", ""),
        ("/srv", ""),
        ("/app", "hide the program"),
        ("/opt/venv", "hide the program"),
        ("/usr", "hide the program"),
        ("/", "hide the program"),
    ],
)
def test_a_mount_over_the_program_is_left_out(where: str, why: str) -> None:
    mount = {"Type": "bind", "Source": "/nowhere", "Destination": where}

    assert why in place.obstacle(mount, OWN)
    assert bool(why) == bool(place.obstacle(mount, OWN))


def test_a_socket_of_the_host_is_left_out(tmp_path: Path) -> None:
    short = Path("/tmp") / uuid4().hex[:8]
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short))
    mount = {"Type": "bind", "Source": str(short), "Destination": "/var/run/docker.sock"}
    try:
        assert place.obstacle(mount, OWN) == "it is a socket of the host"
        mount["Source"] = f"{tmp_path},readonly=false"
        assert place.obstacle(mount, OWN) == "its name has a comma"
    finally:
        short.unlink()


@pytest.mark.parametrize(
    ("mode", "networks", "left_out"),
    [
        ("shop", ["shop"], []),
        ("default", ["default", "shop"], []),
        ("none", ["none", "shop"], []),
        ("host", ["bridge"], ["network host (its port is taken there)"]),
        ("container:1234", ["bridge"], ["network container:1234 (its port is taken there)"]),
    ],
)
def test_networks_are_the_same_but_for_one_whose_port_is_taken(
    mode: str, networks: list[str], left_out: list[str]
) -> None:
    missing: list[str] = []

    assert place.networks(_place(NetworkMode=mode), missing) == networks
    assert missing == left_out


def test_docker_that_is_not_there_is_said(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    git = shutil.which("git")
    assert git
    monkeypatch.setenv("PATH", str(Path(git).parent))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    ran = viscaffold("minimal")

    assert ran.code == 1
    assert "docker" in ran.err.lower()
