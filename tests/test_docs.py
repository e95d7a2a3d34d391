"""The documents say what is true: commands, stages, schemas, links."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import MakeService, viscaffold

from scaffolder import catalogue, cli

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def schema(name: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads((ROOT / f"docs/schemas/{name}.json").read_text(encoding="utf-8"))


def test_new_prints_what_its_schema_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for flags in ([], ["--no-git"]):
        made = viscaffold("new", f"orders{len(flags)}", "--json", *flags).json()
        jsonschema.validate(made, schema("new"))
        assert made.keys() == schema("new")["properties"].keys()


def test_add_stage_prints_what_its_schema_says(service: MakeService) -> None:
    service()
    for flags in (["--dry-run"], [], []):  # a plan, the change, and nothing to do
        printed = viscaffold("add-stage", "api", "--json", *flags).json()
        jsonschema.validate(printed, schema("add-stage"))
        assert printed.keys() == schema("add-stage")["properties"].keys()


def test_stages_prints_what_its_schema_says(service: MakeService) -> None:
    service("api")
    jsonschema.validate(viscaffold("stages", "--json").json(), schema("stages"))


@pytest.mark.parametrize("name", cli.cli.commands)
def test_every_command_is_documented(name: str) -> None:
    assert f"viscaffold {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalogue.load(ROOT).stages)
def test_every_stage_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def shown_after(command: str) -> list[str]:
    """Return what the README shows below a command."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    below = text.split(f"$ {command}\n", 1)[1].split("```", 1)[0]
    return below.split("\n$ ", 1)[0].strip().splitlines()


def test_the_readme_shows_what_new_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = viscaffold("new", "orders").err.replace(str(tmp_path), "/home/ada")

    assert shown_after("viscaffold new orders") == printed.strip().splitlines()


def test_the_readme_shows_what_add_stage_prints(service: MakeService) -> None:
    service()
    printed = viscaffold("add-stage", "auth").err.splitlines()

    for line in shown_after("viscaffold add-stage auth"):
        assert line == "  ..." or line in printed, line


def test_the_readme_shows_what_a_service_says_of_wrong_settings(
    pristine: Callable[[tuple[str, ...]], Path],
) -> None:
    command = "PORT=eighty LOG_LEVEL=loud .venv/bin/python -m orders"
    environment = {**os.environ, "PORT": "eighty", "LOG_LEVEL": "loud"}
    ran = subprocess.run(
        [sys.executable, "-m", "orders"],
        cwd=pristine(()) / "src",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 78
    shown, printed = shown_after(command), ran.stdout.splitlines()
    assert [_timeless(line) for line in shown] == [_timeless(line) for line in printed]


def _timeless(line: str) -> str:
    """Return a log line without its time, version and process."""
    return re.sub(r"^\S+ \S+ |Python \S+ process \d+", "", line)


def test_every_exit_code_is_documented() -> None:
    from scaffolder.errors import ExitCode

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code.value} |" in text
