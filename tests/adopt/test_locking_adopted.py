"""What an adopted Python service pins already, and the runtime's dependencies: locked or not."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import existing
import pytest
from adopting import refused
from conftest import commit, viscaffold
from existing import MakeExisting
from packaging.requirements import Requirement
from registry import pins, publish, served, use

from scaffolder.overlays.fetch import preferences

MAIN = {"main.py": existing.FLAT["main.py"]}
RUN, DEV = "requirements/run.txt", "requirements/dev.txt"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a registry that has nothing yet, and have operations lock."""
    root = tmp_path / "registry"
    publish(root, {})
    (root / "simple").mkdir(parents=True, exist_ok=True)
    with served(root) as address:
        use(address, tmp_path, monkeypatch)
        monkeypatch.setenv(preferences.LOCK_VARIABLE, "1")
        yield root


def group(root: Path) -> list[str]:
    made: list[str] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))[
        "dependency-groups"
    ]["dev"]
    return made


def test_pins_that_exclude_the_runtime_are_refused_and_named(
    exists: MakeExisting, registry: Path
) -> None:
    publish(registry, {"fastapi": {"99.0": []}, "uvicorn": {"0.29.0": [], "99.0": []}})
    exists(files={**MAIN, "requirements.txt": "fastapi\nuvicorn==0.29.0\n"})
    said = refused()

    assert "what the service pins, and what the runtime needs, exclude each other" in said
    assert "uvicorn==0.29.0 and uvicorn>=" in said


def test_what_the_registry_lacks_is_noted_for_it_may_be_elsewhere(
    exists: MakeExisting, registry: Path
) -> None:
    publish(registry, {"uvicorn": {"99.0": []}})
    root = exists(files={**MAIN, "requirements.txt": "fastapi\nour-own\n"})
    ran = viscaffold("adopt", "--yes")

    assert ran.code == 0, ran.err
    assert "its dependencies are not locked" in ran.err
    assert "our-own\n" in (root / RUN).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "fastapi\n", "requirements-dev.txt": "PyTest==8.3\n"},
        {"pyproject.toml": '[project]\nname = "pens"\nversion = "1"\ndependencies = ["fastapi"]\n\n'
                           '[dependency-groups]\ndev = ["pytest<9"]\n'},
        {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "*"\n\n'
                           '[tool.poetry.group.dev.dependencies]\npytest = "^8"\n'},
    ],
)  # fmt: skip
def test_a_tool_for_tests_has_the_version_that_they_chose(
    exists: MakeExisting, files: dict[str, str]
) -> None:
    root = exists(files={**MAIN, **files})
    ran = viscaffold("adopt", "--yes")

    assert ran.code == 0, ran.err
    names = [Requirement(item).name.lower() for item in group(root)]
    assert names.count("pytest") == 1
    assert "pytest>=9.0" not in group(root)
    assert "httpx2" in names


def test_without_a_lock_the_files_have_what_both_need_and_are_locked_later(
    exists: MakeExisting, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = exists(files={**MAIN, "requirements.txt": "fastapi\nhttpx\n"})
    monkeypatch.setenv(preferences.LOCK_VARIABLE, "0")
    assert viscaffold("adopt", "--yes").code == 0
    lines = {path: (root / path).read_text(encoding="utf-8").splitlines() for path in (RUN, DEV)}
    commit(root, "Adopt")
    publish(registry, {Requirement(line).name: {"99.0": []} for line in lines[DEV][1:]})
    publish(registry, {"hatchling": {"99.0": []}})
    ran = viscaffold("lock")

    assert {"fastapi", "httpx"} <= {*lines[RUN]}
    assert {*lines[RUN][1:]} <= {*lines[DEV]}
    assert ran.code == 0, ran.err
    assert "httpx==99.0" in pins((root / RUN).read_text(encoding="utf-8"))
