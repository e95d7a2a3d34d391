"""What differs from language to language is in `languages/` and the template, nowhere else."""

import re
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "scaffolder"

WORDS = re.compile(
    r"\b(pip|uv|pytest|venv|mypy|ruff|pyproject|cargo|clippy|rustc)\b", re.IGNORECASE
)
"""Tools of languages, their directories and manifests."""

OUTSIDE = (
    "languages",
    # What a service that somebody else wrote looks like.
    "adopt/python",
    "adopt/rust",
    # A template's own files, as the built-in one's are.
    "overlays/starter",
    # Why any container dies, whoever built it: the names are evidence, in paths and messages of
    # programs that viscaffold did not make, and say nothing about its services.
    "diagnose",
)


def lines_with_words(root: Path) -> list[str]:
    """Return the lines of the tool's modules that name a tool of a language."""
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in sorted(root.rglob("*.py"))
        if not any(path.is_relative_to(root / folder) for folder in OUTSIDE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WORDS.search(line)
    ]


def test_no_module_outside_languages_names_a_tool_of_a_language() -> None:
    assert lines_with_words(TOOL) == []


@pytest.mark.parametrize(
    "line", ['STEP = ".venv/bin/python -m x"', "# as pip does", "run(['cargo', 'test'])"]
)
def test_one_that_does_is_found(tmp_path: Path, line: str) -> None:
    for folder in ("commands", "languages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "new.py").write_text(f"import os\n{line}\n", encoding="utf-8")

    assert lines_with_words(tmp_path) == [f"commands/new.py:2: {line}"]
