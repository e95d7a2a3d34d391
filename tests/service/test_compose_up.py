"""Docker Compose starts a service with all stages beside its servers, which fail one by one."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import containers
import manifests
import pytest
import rust_images
from client import Client
from conftest import viscaffold
from containers import docker, inspect
from running import free_port
from samples import FULL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FULL, reason="images of four servers take minutes: for scripts/full"),
]

STAND_INS = Path(__file__).parents[1] / "stand_ins"
SERVERS = ("postgres", "prometheus", "redis")
COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "python": lambda name: ("python", "-m", name.replace("-", "_")),
    "rust": lambda name: (name,),
}
"""How the program of a service is run in its container, by its name."""
SOCKET = "/var/run/docker.sock"
SECONDS = 60.0


def stand_in(name: str) -> str:
    """Build the image that stands in for a public one, from Debian's packages; return its tag."""
    tag = f"viscaffold-stand-in-{name}"
    containers.build(STAND_INS, "--target", name, "--tag", tag)
    return tag


class Project:
    """A service whose compose file starts its servers, too."""

    def __init__(self, root: Path, language: str) -> None:
        self.root = root
        self.name = root.name
        self._program = COMMANDS[language](self.name)
        self.port = free_port()
        self.client = Client(self.port)
        self._compose = stand_in("compose")

    def compose(self, *args: str) -> str:
        """Run Docker Compose, which is newer in its container than on many a machine."""
        mounts = [f"--volume={SOCKET}:{SOCKET}", f"--volume={self.root}:{self.root}"]
        return docker("run", "--rm", *mounts, "--workdir", str(self.root), self._compose, *args)

    def choose_servers(self) -> None:
        """Write .env as .env.example says, with the stand-ins."""
        example = (self.root / ".env.example").read_text(encoding="utf-8")
        servers = example[example.index("# COMPOSE_PROFILES=") :]
        lines = [f"PORT={self.port}", *re.findall(r"^# (\w+=.*)$", servers, re.MULTILINE)]
        lines += [f"{name.upper()}_IMAGE={stand_in(name)}" for name in SERVERS]
        (self.root / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *command: str) -> str:
        """Run a command of the service in its container."""
        return docker("exec", self.name, *self._program, *command)

    def readiness(self) -> tuple[int, dict[str, str]]:
        answer = self.client.get("/health/ready")
        checks: dict[str, str] = answer.json()["checks"]
        return answer.status, checks

    def wait_for_value(self, expression: str) -> None:
        """Wait until Prometheus has a value for an expression."""
        ask = ("promtool", "query", "instant", "http://localhost:9090", expression)
        self._wait(lambda: docker("exec", f"{self.name}-prometheus", *ask), lambda: expression)

    def wait_for_check(self, name: str, status: int, *, is_ok: bool) -> None:
        """Wait until readiness has a status, and a check does or does not hold."""

        def holds() -> bool:
            found, checks = self.readiness()
            return found == status and (checks[name] == "ok") == is_ok

        self._wait(holds, self.readiness)

    @staticmethod
    def _wait(holds: Callable[[], object], what: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, what()
            time.sleep(0.5)


@pytest.fixture(params=COMMANDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """Make a service with all stages, and its image."""
    for needed in COMMANDS:  # both have base images of stand-ins
        containers.require_docker(needed)
    language = str(request.param)
    if not Path(SOCKET).is_socket():
        containers.skip(f"{SOCKET} is not there for Docker Compose")
    root = tmp_path / f"orders-{uuid4().hex[:6]}"
    flags = [word for name in manifests.every(language) for word in ("--stage", name)]
    ran = viscaffold("new", str(root), "--no-git", "--language", language, *flags)
    assert ran.code == 0, ran.err
    made = Project(root, language)
    made.choose_servers()
    scrapes = root / "monitoring/prometheus.yml"
    scrapes.write_text(scrapes.read_text("utf-8").replace(": 15s", ": 1s"), encoding="utf-8")
    if language == "rust":
        rust_images.leave_unoptimized(root)
    containers.build(root, "--tag", made.name)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "1")
        containers.remove_image(made.name)


def started(name: str) -> str:
    return inspect(name, "{{.State.StartedAt}}")


def test_servers_are_waited_for_and_missed_and_used_again(project: Project) -> None:
    name = project.name
    project.compose("up", "--no-build", "--detach")

    # In order, each when those before it are healthy.
    assert inspect(name, "{{.State.Health.Status}}") == "healthy"
    for before in ("postgres", "redis"):
        assert inspect(f"{name}-{before}", "{{.State.Health.Status}}") == "healthy"
        assert started(f"{name}-{before}") < started(name)
    assert started(name) < started(f"{name}-prometheus")

    # The first steps of the pages.
    project.wait_for_check("cache", 503, is_ok=True)
    assert "migrations are missing" in project.readiness()[1]["database"]
    project.run("db", "upgrade")
    project.wait_for_check("database", 200, is_ok=True)

    # What dashboard and alerts ask is there.
    for _ in range(3):
        assert project.client.get("/api/v1/items").status == 200
    for expression in (f'up{{job="{name}"}} == 1', *expressions(project.root)):
        project.wait_for_value(expression)

    # One by one, they are away and come back; the service stays.
    began = started(name)
    for server, check, status in (("redis", "cache", 200), ("postgres", "database", 503)):
        docker("stop", "--time", "2", f"{name}-{server}")
        project.wait_for_check(check, status, is_ok=False)
        docker("start", f"{name}-{server}")
        project.wait_for_check(check, 200, is_ok=True)
    assert started(name) == began
    assert "change-me" not in docker("logs", name)


def expressions(root: Path) -> list[str]:
    """Return what the dashboard asks, but for errors: there are none."""
    dashboard = json.loads((root / "monitoring/dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    values = {"$job": root.name, "$instance": ".*", "$__rate_interval": "1m"}
    for variable, value in values.items():
        asked = [expression.replace(variable, value) for expression in asked]
    return [expression for expression in asked if "5.." not in expression]
