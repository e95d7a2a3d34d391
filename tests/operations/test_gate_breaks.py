"""Stages of teams that break a service, each in its way: the change fails, and nothing is left."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import MakeService, Pristine, git, viscaffold
from running import command_lines
from teams import write
from untouched import Seen, differences, seen

from scaffolder.overlays import layers
from scaffolder.overlays.fetch import preferences

pytestmark = pytest.mark.slow

MODULE = '''\
"""A stage that breaks the service."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette

from ..config import setting, text

TESTED = "PYTEST_VERSION" in os.environ


@dataclass(frozen=True)
class Settings:
    """None."""


def install(app: Starlette) -> None:
    """Break it."""
    {install}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Break it then."""
    {opens}
    yield
    {closes}
'''

ENTRY = """\
broken:
  title: Broken
  summary: what breaks a service
  requires: []
  python: {dependencies: [], settings: {}}
"""

STEP = """\
  verify:
    - {about: it answers, request: GET /health, status: 418}
"""


@dataclass(frozen=True)
class Break:
    """How a stage breaks a service, and the step that has to notice."""

    name: str
    step: str
    install: str = "pass"
    opens: str = "pass"
    closes: str = "pass"
    test: str = "assert True"
    entry: str = ENTRY
    head: str = ""

    def files(self) -> dict[str, str]:
        """Return the overlay with that stage."""
        module = self.head + MODULE.format(
            install=self.install, opens=self.opens, closes=self.closes
        )
        test = f'"""Of the stage."""\n\n\ndef test_it() -> None:\n    {self.test}\n'
        home = "template/python/{{stage.broken}}"
        return {
            "viscaffold.yml": "name: breaks\n",
            "stages.yml": self.entry,
            f"{home}/src/{{{{package}}}}/stages/broken.py": module,
            f"{home}/tests/stages/test_broken.py": test,
            f"{home}/docs/stages/broken.md": "# Broken\n",
        }


BREAKS = [
    Break("syntax", "tests", head="def ("),
    Break("import", "tests", head="import no_such_module\n"),
    Break("raises", "tests", install='raise RuntimeError("broken")'),
    Break("own-test", "tests", test="assert False"),
    Break("raises-when-served", "start", opens='if not TESTED: raise RuntimeError("broken")'),
    Break("ends-when-served", "start", install="if not TESTED: raise SystemExit(0)"),
    Break("exit-0", "start", opens="if not TESTED: os._exit(0)"),
    Break("killed", "start", opens="if not TESTED: os.kill(os.getpid(), signal.SIGKILL)"),
    Break("no-health", "health", install="app.router.routes[:] = app.router.routes * TESTED"),
    Break(
        "not-ready",
        "ready",
        install="""\
from .. import health

    async def never() -> None:
        if not TESTED:
            raise RuntimeError("broken")

    health.add_check(app, "broken", never)""",
    ),
    Break("wrong-answer", "broken: it answers", entry=ENTRY + STEP),
    Break("stops-badly", "stop", closes="if not TESTED: os._exit(3)"),
]


@dataclass(frozen=True)
class Place:
    """A service that every stage is tried on."""

    root: Path
    before: Seen


@pytest.fixture(scope="module")
def place(pristine: Pristine, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Make one, whose environment is kept from one verification to the next."""
    root = tmp_path_factory.mktemp("breaks") / "orders"
    subprocess.run(["cp", "-a", pristine(()), root], check=True)
    git(root, "status")
    return Place(root, seen(root))


@pytest.fixture
def breaking(
    place: Place,
    new_user: None,  # noqa: ARG001 - who trusts it
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Break], Path]:
    """Step into the service; return how to write a team's template that breaks it."""
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    monkeypatch.chdir(place.root)
    layers.known.clear()
    return lambda broken: write(tmp_path / "overlay", broken.files())


def running(root: Path) -> set[str]:
    """Return what runs in an environment that the service's repository keeps."""
    return {line for line in command_lines() if f"{root}/.git/" in line}


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_a_stage_that_breaks_the_service_is_not_added(
    place: Place, breaking: Callable[[Break], Path], broken: Break
) -> None:
    overlay = breaking(broken)
    ran = viscaffold("add-stage", str(overlay), "--trust", "--json")

    assert ran.code == 4, ran.err
    assert ran.json()["verification"]["steps"][-1]["step"] == broken.step, ran.err
    assert f"step: {broken.step}" in ran.err
    assert (Path(ran.json()["attempt"]) / "log").read_text(encoding="utf-8")
    assert differences(place.before, seen(place.root)) == []
    assert running(place.root) == set()


def test_kill_9_during_a_verification_changes_nothing_and_leaves_nothing_running(
    place: Place, breaking: Callable[[Break], Path]
) -> None:
    overlay = breaking(Break("hangs", "tests", test="__import__('time').sleep(120)"))
    command = [sys.executable, "-m", "scaffolder", "add-stage", str(overlay), "--trust"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: any("pytest" in line for line in running(place.root)))
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not running(place.root))
    killed = differences(place.before, seen(place.root))
    status = viscaffold("status")

    assert killed == []
    assert status.code == 0
    assert "Not committed" not in status.out
    assert differences(place.before, seen(place.root)) == []


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_same_stage_is_added_when_it_works(
    place: Place, breaking: Callable[[Break], Path]
) -> None:
    overlay = breaking(Break("works", ""))
    ran = viscaffold("add-stage", str(overlay), "--trust", "--json")
    again = viscaffold("remove-stage", "broken", "--json")

    assert ran.code == 0, ran.err
    assert ran.json()["verification"]["result"] == "PASSED"
    assert again.code == 0, again.err
    assert git(place.root, "status", "--short") == ""


NOWHERE = "http://127.0.0.1:9/simple"


def test_without_a_registry_the_stage_is_added_and_it_is_said_that_it_was_not_verified(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    for variable in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(variable, NOWHERE)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    ran = viscaffold("add-stage", "logging", "--json")

    assert ran.code == 0, ran.err
    assert ran.json()["verification"]["result"] == "WARNED"
    assert "the package registry did not answer" in ran.json()["unverified"][0]
    assert ran.json()["tree"] == git(root, "write-tree").strip()


def test_without_cargo_the_stage_is_added_and_it_is_said_that_it_was_not_verified(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = service(language="rust")
    monkeypatch.setenv(preferences.VERIFY_VARIABLE, "local")
    git_program = shutil.which("git")
    assert git_program
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(git_program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    ran = viscaffold("add-stage", "logging")
    monkeypatch.undo()

    assert ran.code == 0, ran.err
    assert "  ! not verified: " in ran.err
    assert "cargo" in ran.err
    assert "pub mod logging;" in (root / "src/stages/mod.rs").read_text(encoding="utf-8")
