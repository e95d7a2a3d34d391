"""A service is small to own: its owner reads little, and viscaffold keeps little for them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import STAGES

from scaffolder.templates import template

BASE = 350
BASE_TESTS = 200
RUNTIME = 3125
RUNTIME_ALL_STAGES = 7348
ALL_STAGES = 3700
STAGE_TESTS = 120

SOURCE = Path("src/orders")
Pristine = Callable[[tuple[str, ...]], Path]


def lines(root: Path, pattern: str, without: str = "") -> int:
    """Count the lines of the Python files that match, comments and blank lines included."""
    return sum(
        len(path.read_bytes().splitlines())
        for path in root.glob(pattern)
        if not (without and path.is_relative_to(root / without))
    )


def sizes(service: Path) -> dict[str, int]:
    """Return what there is to read in a service, by part."""
    return {
        "source": lines(service / SOURCE, "**/*.py", without="runtime"),
        "runtime": lines(service / SOURCE, "runtime/**/*.py"),
        "tests": lines(service / "tests", "**/*.py", without="stages"),
    }


def test_what_the_owner_of_a_minimal_service_reads_is_small(pristine: Pristine) -> None:
    assert 0 < sizes(pristine(()))["source"] < BASE


@pytest.mark.parametrize(("stages", "most"), [((), RUNTIME), (STAGES, RUNTIME_ALL_STAGES)])
def test_what_viscaffold_keeps_is_small(
    pristine: Pristine, stages: tuple[str, ...], most: int
) -> None:
    assert 0 < sizes(pristine(stages))["runtime"] < most


def test_the_tests_of_a_minimal_service_are_small(pristine: Pristine) -> None:
    assert 0 < sizes(pristine(()))["tests"] < BASE_TESTS


def test_the_source_of_all_stages_is_small(pristine: Pristine) -> None:
    assert 0 < sizes(pristine(STAGES))["source"] < ALL_STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_the_tests_of_a_stage_are_small(pristine: Pristine, stage: str) -> None:
    found = lines(pristine(STAGES) / "tests/stages", f"test_{stage}*.py")

    assert 0 < found < STAGE_TESTS


def test_every_line_counts(pristine: Pristine, tmp_path: Path) -> None:
    service = tmp_path / "orders"
    shutil.copytree(pristine(()), service)
    for folder in (SOURCE, SOURCE / "runtime", Path("tests")):
        (service / folder / "more.py").write_text("\n# more\n", encoding="utf-8")

    before, after = sizes(pristine(())), sizes(service)
    assert {part: after[part] - before[part] for part in after} == dict.fromkeys(after, 2)


def test_the_runtime_is_rendered_as_it_stands(pristine: Pristine) -> None:
    python = template.builtin().root / "template/python"
    kept = [path for path in python.glob("**/src/{{package}}/runtime/*") if path.is_file()]

    assert not [path for path in kept if path.suffix == ".jinja"]
    for path in kept:
        stages = () if path.is_relative_to(python / "src") else STAGES
        rendered = pristine(stages) / SOURCE / "runtime" / path.name
        assert rendered.read_bytes() == path.read_bytes()
