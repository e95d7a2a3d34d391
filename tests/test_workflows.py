"""What runs elsewhere: CI workflows, Dockerfile and compose file pass the linters of their kind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import STAGES, viscaffold

BIN = Path(sys.executable).parent


def lint(tool: str, *args: str) -> None:
    ran = subprocess.run([str(BIN / tool), *args], text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    monkeypatch.chdir(tmp_path)

    def make(ci: str) -> Path:
        assert viscaffold("new", "orders", "--answer", f"ci={ci}").code == 0
        return tmp_path / "orders"

    return make


def test_the_github_workflow_is_valid_and_safe(service: Callable[[str], Path]) -> None:
    workflow = str(service("github") / ".github/workflows/ci.yml")

    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    lint("zizmor", "--offline", "--persona", "pedantic", workflow)


def test_the_gitlab_pipeline_is_valid(service: Callable[[str], Path]) -> None:
    root = service("gitlab")

    lint("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(root / ".gitlab-ci.yml"))
    assert not (root / ".github").exists()


def test_without_ci_there_is_neither(service: Callable[[str], Path]) -> None:
    root = service("none")

    assert not (root / ".github").exists()
    assert not (root / ".gitlab-ci.yml").exists()


@pytest.mark.parametrize("stages", [(), STAGES], ids=["base", "all-stages"])
def test_the_container_files_are_valid(
    pristine: Callable[[tuple[str, ...]], Path], stages: tuple[str, ...]
) -> None:
    root = pristine(stages)

    lint("hadolint", str(root / "Dockerfile"))
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(root / "compose.yaml"))
