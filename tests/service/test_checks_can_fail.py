"""Every check that a service or this repository ships says no where it should; none is a dummy."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import STAGES, MakeService, files, viscaffold
from running import free_port

from scaffolder.languages.all import LANGUAGES

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"-m(?:\",)? \"?(orders(?:\.\w+)*)")

FAKE_DOCKER = """#!/bin/sh
case "$*" in
    *Health.Status*) echo "$HEALTH" ;;
    *ExitCode*) echo "$STATUS" ;;
    "exec --env PORT=9 "*) exit "$CHECK" ;;
esac
"""
FAKES = {
    "docker": FAKE_DOCKER,
    "sleep": "#!/bin/sh\n",
    "curl": '#!/bin/sh\nexit "$ANSWER"\n',
    "wget": '#!/bin/sh\nexit "$ANSWER"\n',
}
FINE = {"HEALTH": "healthy", "STATUS": "0", "CHECK": "1", "ANSWER": "0"}

Pristine = Callable[[tuple[str, ...]], Path]


def dummies(service: Path) -> list[str]:
    """Return the modules that a service's files say to run, and that do nothing when they are."""
    text = b"\n".join(files(service).values()).decode("utf-8", "replace")
    named = set(COMMAND.findall(text))
    assert {"orders", "orders.health"} <= named
    return sorted(name for name in named if not _is_program(service / "src", name))


def _is_program(source: Path, name: str) -> bool:
    path = source / name.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return False
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any("__main__" in ast.unparse(part) for part in body if isinstance(part, ast.If))


def health_check(service: Path) -> list[str]:
    found = re.search(r"HEALTHCHECK.*\\\n +CMD (.*)", (service / "Dockerfile").read_text("utf-8"))
    assert found
    return list(json.loads(found[1]))


def asked_of_nobody(service: Path) -> int:
    """Run the health check of a service's image where nobody listens; return its status."""
    program, *arguments = health_check(service)
    assert program == "python"
    environment = {**os.environ, "PYTHONPATH": str(service / "src"), "PORT": str(free_port())}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def test_every_module_that_a_service_says_to_run_is_a_program(pristine: Pristine) -> None:
    assert dummies(pristine(STAGES)) == []


def test_the_health_check_of_an_image_fails_where_nobody_listens(pristine: Pristine) -> None:
    assert asked_of_nobody(pristine(())) == 1


def test_a_check_that_does_nothing_would_be_noticed(old: MakeService) -> None:
    service = old("0.5.0")

    assert dummies(service) == ["orders.probe"]
    assert asked_of_nobody(service) == 0


def test_compose_keeps_the_health_check_of_the_image(pristine: Pristine) -> None:
    services = yaml.safe_load((pristine(()) / "compose.yaml").read_text("utf-8"))["services"]

    assert "healthcheck" not in services["app"]


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    folder = tmp_path / "fakes"
    folder.mkdir()
    for name, script in FAKES.items():
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def commands(service: Path, ci: str) -> list[str]:
    """Return what the container job of a workflow runs, script by script."""
    if ci == "gitlab":
        job = yaml.safe_load((service / ".gitlab-ci.yml").read_text("utf-8"))["container"]
        return ["\n".join(job["script"])]
    workflow = yaml.safe_load((service / ".github/workflows/ci.yml").read_text("utf-8"))
    steps: list[dict[str, Any]] = workflow["jobs"]["container"]["steps"]
    return [step["run"] for step in steps if "run" in step and "if" not in step]


@pytest.mark.parametrize(
    "answers", [f"{language} {ci}" for language in LANGUAGES for ci in ("github", "gitlab")]
)
@pytest.mark.parametrize(
    ("wrong", "passes"),
    [
        ({}, True),
        ({"HEALTH": "unhealthy"}, False),
        ({"HEALTH": "starting"}, False),
        ({"HEALTH": ""}, False),
        ({"STATUS": "137"}, False),
        ({"CHECK": "0"}, False),
        ({"ANSWER": "22"}, False),
    ],
)
def test_a_workflow_fails_with_each_of_its_checks(
    tmp_path: Path, fakes: Path, answers: str, wrong: dict[str, str], *, passes: bool
) -> None:
    service = tmp_path / "orders"
    language, ci = answers.split()
    flags = ["--no-git", "--language", language, "--answer", f"ci={ci}"]
    assert viscaffold("new", str(service), *flags).code == 0
    environment = {**os.environ, "PATH": f"{fakes}:{os.environ['PATH']}", **FINE, **wrong}
    ran = [
        subprocess.run(
            ["bash", "-e", "-c", script], env=environment, capture_output=True, check=False
        )
        for script in commands(service, ci)
    ]

    assert all(done.returncode == 0 for done in ran) == passes


@pytest.fixture
def demo(tmp_path: Path, fakes: Path) -> Iterator[Callable[[int], int]]:
    """Run the demo's start, with a health check that ends with a status; return how it ends."""
    script = (ROOT / "scripts/demo").read_text(encoding="utf-8")
    found = re.search(r"^start\(\) \{\n.*?^\}\n", script, re.MULTILINE | re.DOTALL)
    assert found
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)

    def start(status: int) -> int:
        python.write_text(f'#!/bin/sh\n[ "$2" != orders.health ] || exit {status}\n', "utf-8")
        python.chmod(0o755)
        code = f"set -euo pipefail\nstep() {{ :; }}\n{found[0]}\nstart"
        environment = {**os.environ, "PATH": f"{fakes}:{os.environ['PATH']}"}
        return subprocess.run(
            ["bash", "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False
        ).returncode

    yield start
    shutil.rmtree(python.parent)


def test_the_demo_ends_when_its_service_does_not_get_live(demo: Callable[[int], int]) -> None:
    assert (demo(0), demo(1)) == (0, 1)
