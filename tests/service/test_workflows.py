"""What runs elsewhere: CI workflows, Dockerfile and compose file pass the linters of their kind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import viscaffold

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template

BIN = Path(sys.executable).parent


def lint(tool: str, *args: str) -> None:
    ran = subprocess.run([str(BIN / tool), *args], text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(params=LANGUAGES)
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Make a service in each language."""
    monkeypatch.chdir(tmp_path)

    def make(ci: str, *, every_stage: bool = False, directory: str = "") -> Path:
        known = catalogue.load(template.builtin().root, request.param).stages
        flags = ["--language", request.param, "--answer", f"ci={ci}"]
        flags += [word for stage in known if every_stage for word in ("--stage", stage)]
        flags += ["--answer", f"directory={directory}"]
        ran = viscaffold("new", "orders", "--no-git", *flags)
        assert ran.code == 0, ran.err
        return tmp_path / "orders"

    return make


@pytest.mark.parametrize("directory", ["", "services/orders"])
def test_the_github_workflow_is_valid_and_safe(
    service: Callable[..., Path], directory: str
) -> None:
    workflow = str(service("github", directory=directory) / ".github/workflows/ci.yml")

    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    lint("zizmor", "--offline", "--persona", "pedantic", workflow)


@pytest.mark.parametrize("directory", ["", "services/orders"])
def test_the_gitlab_pipeline_is_valid(service: Callable[..., Path], directory: str) -> None:
    root = service("gitlab", directory=directory)

    lint("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(root / ".gitlab-ci.yml"))
    assert not (root / ".github").exists()


def test_without_ci_there_is_neither(service: Callable[..., Path]) -> None:
    root = service("none")

    assert not (root / ".github").exists()
    assert not (root / ".gitlab-ci.yml").exists()


@pytest.mark.parametrize("every_stage", [False, True], ids=["base", "all-stages"])
def test_the_container_files_are_valid(service: Callable[..., Path], *, every_stage: bool) -> None:
    root = service("none", every_stage=every_stage)

    lint("hadolint", str(root / "Dockerfile"))
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(root / "compose.yaml"))


def test_compose_publishes_on_this_machine_alone(service: Callable[..., Path]) -> None:
    text = (service("none") / "compose.yaml").read_text(encoding="utf-8")

    assert '- "${PUBLISH_ADDRESS:-127.0.0.1}:${PORT:-8080}:8080"' in text
