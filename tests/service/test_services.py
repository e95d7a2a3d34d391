"""Services with no stage, each, those that know each other, and all, checked as users would."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import STAGES, MakeService, files, git, viscaffold

from scaffolder import names
from scaffolder.templates import catalogue, template
from scaffolder.testkit import combinations

KNOWN = catalogue.load(template.builtin().root, "python")
SETS = combinations.with_own_code(KNOWN)
BIN = Path(sys.executable).parent


def ids(subset: tuple[str, ...]) -> str:
    return "-".join(subset) or "base"


Checked = Callable[[Path, tuple[str, ...]], str]


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Run a tool in a service; return what it printed, or fail with it."""
    # What mypy finds out about libraries serves all workers: it replaces its files whole.
    place = tmp_path_factory.getbasetemp()
    shared = place.parent if "PYTEST_XDIST_WORKER" in os.environ else place
    environment = {**os.environ, "MYPY_CACHE_DIR": str(shared / "mypy")}

    def run(root: Path, command: tuple[str, ...]) -> str:
        ran = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=root,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.fixture(
    scope="session",
    params=[pytest.param(subset, marks=pytest.mark.slow if subset else ()) for subset in SETS],
    ids=ids,
)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a service with one of the sets of stages."""
    root = tmp_path_factory.mktemp("generated") / "orders"
    flags = [word for stage in request.param for word in ("--stage", stage)]
    ran = viscaffold("new", str(root), *flags)
    assert ran.code == 0, ran.err
    return root


@pytest.mark.parametrize("subset", [(name,) for name in STAGES], ids=ids)
def test_a_stage_comes_with_those_that_it_requires(
    pristine: Callable[[tuple[str, ...]], Path], subset: tuple[str, ...]
) -> None:
    assert files(pristine(subset)) == files(pristine(tuple(KNOWN.closure(subset))))


def test_a_service_passes_its_own_tests_and_git_sees_nothing_of_them(
    generated: Path, checked: Checked
) -> None:
    out = checked(generated, ("python", "-m", "pytest", "-q"))

    assert "passed" in out
    assert "skipped" not in out
    assert git(generated, "status", "--porcelain") == ""


def test_a_service_that_ends_at_once_is_told_by_its_own_tests_with_its_status_and_last_words(
    service: MakeService,
) -> None:
    root = service()
    app = root / "src/orders/app.py"
    ends = "import sys\nif 'pytest' not in sys.modules:\n    sys.exit('there are no rates')\n"
    app.write_text(app.read_text(encoding="utf-8") + ends, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-k", "starts_and_stops")
    ran = subprocess.run(command, cwd=root, text=True, capture_output=True, check=False)

    assert ran.returncode == 1
    assert re.search(r"^E +Failed: it ended with status 70$", ran.stdout, re.MULTILINE), ran.stdout
    assert "there are no rates" in ran.stdout, ran.stdout


def test_a_service_is_linted_clean(generated: Path, checked: Checked) -> None:
    checked(generated, ("ruff", "check", "--no-cache"))


def test_a_service_is_formatted(generated: Path, checked: Checked) -> None:
    checked(generated, ("ruff", "format", "--check", "--no-cache"))


@pytest.mark.parametrize("version", ["3.11", "3.14"])
def test_a_service_is_typed_strictly(generated: Path, checked: Checked, version: str) -> None:
    checked(generated, ("mypy", "--strict", "--python-version", version))


def test_texts_are_tidy(generated: Path) -> None:
    for path in git(generated, "ls-files").splitlines():
        text = (generated / path).read_bytes().decode("utf-8")
        assert not any(line != line.rstrip() for line in text.splitlines()), path
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert "\n\n\n\n" not in text, path
        assert not {"\r", "\t"} & set(text), path
        if path.endswith((".md", ".toml", ".yaml", ".yml", ".example")):
            prose = re.sub(r"```.*?```", "(code)", text, flags=re.DOTALL)
            assert "\n\n\n" not in prose, path


def test_no_file_of_a_service_names_the_machine_it_was_made_on(generated: Path) -> None:
    for path, content in files(generated).items():
        assert str(generated.parent).encode() not in content, path
        assert str(template.builtin().root).encode() not in content, path


@pytest.mark.slow
def test_the_longest_name_gives_clean_code_too(tmp_path: Path, checked: Checked) -> None:
    root = tmp_path / ("long-" * 4 + "x" * 20)
    assert len(root.name) == names.LONGEST
    flags = [word for stage in STAGES for word in ("--stage", stage)]
    assert viscaffold("new", str(root), *flags).code == 0

    checked(root, ("ruff", "check", "--no-cache"))
    checked(root, ("ruff", "format", "--check", "--no-cache"))
    checked(root, ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"))


@pytest.mark.parametrize("subset", SETS, ids=ids)
def test_dependencies_of_chosen_stages_are_uncommented_in_place(
    pristine: Callable[[tuple[str, ...]], Path], subset: tuple[str, ...]
) -> None:
    lines = (pristine(subset) / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    base = (pristine(()) / "pyproject.toml").read_text(encoding="utf-8").splitlines()

    assert len(lines) == len(base)
    for stage in KNOWN.stages.values():
        for dependency in stage.dependencies("python"):
            line = f'"{dependency}",  # {stage.name}'
            at = base.index(f"    # {line}")
            assert lines[at] == (f"    {line}" if stage.name in subset else f"    # {line}")


@pytest.mark.parametrize(
    "description",
    [
        "all lower case",
        "Ends with a period.",
        "L\u2019été \u2013 naïve €",
        "with $HOME | `x` 'q' # {{ name }}",
    ],
)
def test_any_description_gives_clean_files(
    tmp_path: Path, checked: Checked, description: str
) -> None:
    root = tmp_path / "orders"
    ran = viscaffold("new", str(root), "--answer", f"description={description}")
    assert ran.code == 0, ran.err

    checked(root, ("ruff", "check", "--no-cache"))
    checked(root, ("ruff", "format", "--check", "--no-cache"))
    checked(root, ("hadolint", "Dockerfile"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["description"] == description
    assert description in (root / "README.md").read_text(encoding="utf-8")
