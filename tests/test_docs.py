"""The documents say what is true: commands, stages, schemas, links."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands_page
import errors_page
import jsonschema
import pytest
import stages_page
from conftest import MakeService, commit, git, viscaffold
from existing import MakeExisting

from scaffolder.cli import cli
from scaffolder.commands import COMMANDS, ENDS
from scaffolder.errors import MEANINGS, ExitCode
from scaffolder.templates import catalogue

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def schema(name: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads((ROOT / f"docs/schemas/{name}.json").read_text(encoding="utf-8"))


def test_new_prints_what_its_schema_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for flags in ([], ["--no-git"]):
        made = viscaffold("new", f"orders{len(flags)}", "--json", *flags).json()
        jsonschema.validate(made, schema("new"))
        answers = {"description", "ci", "directory", "image_digest"}
        assert made.keys() == set(schema("new")["required"]) | answers
    planned = viscaffold("new", "orders9", "--dry-run", "--json").json()
    jsonschema.validate(planned, schema("new"))
    assert planned.keys() == schema("new")["properties"].keys()
    assert planned["template"]["overlays"] == []
    assert not Path("orders9").exists()


def test_adopt_prints_what_its_schema_says(exists: MakeExisting) -> None:
    exists()
    for flags in (["--dry-run"], []):
        printed = viscaffold("adopt", "--yes", "--json", *flags).json()
        jsonschema.validate(printed, schema("change"))
        assert printed.keys() == schema("change")["properties"].keys()


def test_changes_print_what_their_schema_says(service: MakeService) -> None:
    root = service()
    (root / "docs/stages").mkdir()
    (root / "docs/stages/api.md").write_text("mine\n", encoding="utf-8")
    git(root, "add", "docs")
    for command in (
        "add-stage logging --dry-run",
        "add-stage logging",
        "add-stage logging",  # nothing to do
        "undo --dry-run",
        "undo",
        "add-stage api",
        "add-stage --continue",
        "add-stage --abort",
        "remove-stage api",
        "update",
    ):
        printed = viscaffold(*command.split(), "--json").json()
        jsonschema.validate(printed, schema("change"))
        assert printed.keys() == schema("change")["properties"].keys(), command


def test_resources_print_what_their_schema_says(service: MakeService) -> None:
    service("api")
    for options in ("--dry-run", ""):
        command = f"add-resource pen color:string --json {options}"
        printed = viscaffold(*command.split()).json()
        jsonschema.validate(printed, schema("change"))
        assert printed.keys() == schema("change")["properties"].keys()


def test_status_and_check_print_what_their_schemas_say(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "logging")
    (root / "docs/stages/logging.md").unlink()
    for command, name in (("status", "status"), ("update --check", "check")):
        printed = viscaffold(*command.split(), "--json").json()
        jsonschema.validate(printed, schema(name))
        assert printed.keys() == schema(name)["properties"].keys()


def test_rollback_prints_what_its_schema_says(service: MakeService) -> None:
    root = service()
    with (root / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("Mine.\n")
    for flags in (["--dry-run"], []):
        printed = viscaffold("rollback", "HEAD", "--json", *flags).json()
        jsonschema.validate(printed, schema("rollback"))
        assert printed.keys() == schema("rollback")["properties"].keys()


def test_stages_prints_what_its_schema_says(service: MakeService) -> None:
    service("api")
    jsonschema.validate(viscaffold("stages", "--json").json(), schema("stages"))


def test_doctor_prints_what_its_schema_says(service: MakeService) -> None:
    service()
    printed = viscaffold("doctor", "--json").json()

    jsonschema.validate(printed, schema("doctor"))
    assert printed.keys() == schema("doctor")["properties"].keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"viscaffold {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalogue.read(ROOT))
def test_every_stage_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_of_stages_is_current() -> None:
    assert stages_page.PAGE.read_text(encoding="utf-8") == stages_page.render(), (
        ".venv/bin/python scripts/stages makes it"
    )


def test_the_page_of_commands_is_current(tmp_path: Path) -> None:
    shown = commands_page.PAGE.read_text(encoding="utf-8")
    assert shown == commands_page.render(tmp_path), ".venv/bin/python scripts/commands makes it"


def test_every_command_has_an_example() -> None:
    names = {name for name, _ in commands_page.leaves(cli)}
    assert names == commands_page.EXAMPLES.keys() | commands_page.READ.keys()


def test_the_page_of_errors_is_current() -> None:
    shown = errors_page.PAGE.read_text(encoding="utf-8")
    assert shown == errors_page.render(), ".venv/bin/python scripts/commands makes it"


def test_the_page_of_errors_has_what_people_are_told(service: MakeService) -> None:
    service()
    said = viscaffold("rollback").err.splitlines()[0].removeprefix("Error: ")
    assert said in errors_page.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_exit_code_that_a_command_returns_is_on_the_page(name: str) -> None:
    module = ROOT / f"scaffolder/commands/{name.replace('-', '_')}.py"
    codes = re.findall(r"ExitCode\.([A-Z_]+)", module.read_text(encoding="utf-8"))
    named = {ExitCode[code] for code in codes}
    listed = {code for key, ends in ENDS.items() if key.startswith(name) for code in ends}

    assert named - {ExitCode.DONE, ExitCode.FAILED, ExitCode.INTERRUPTED} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def shown_after(command: str, page: Path = ROOT / "README.md") -> list[str]:
    """Return what a page shows below a command."""
    text = page.read_text(encoding="utf-8")
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


def test_the_readme_shows_the_diff_of_add_stage(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "auth")
    diff = git(root, "diff", "--staged").splitlines()
    block = (ROOT / "README.md").read_text(encoding="utf-8").split("```diff\n")[1].split("```")[0]
    shown = [line for line in block.splitlines() if not line.startswith("@@")]

    assert len(shown) > 10
    assert [line for line in shown if line not in diff] == []


def test_the_page_on_changes_shows_what_a_conflict_prints(service: MakeService) -> None:
    root = service("api")
    with (root / "src/orders/stages/api/items.py").open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    commit(root)
    page = ROOT / "docs/changes.md"
    for command, code in (("remove-stage api", 3), ("remove-stage --abort", 0)):
        ran = viscaffold(*command.split())
        printed = ran.err.splitlines()

        assert ran.code == code
        for line in shown_after(f"viscaffold {command}", page):
            assert line == "  ..." or line in printed, line


def test_the_readme_shows_what_a_service_says_of_wrong_settings(
    pristine: Callable[[tuple[str, ...]], Path],
) -> None:
    command = "PORT=eighty LOG_LEVEL=loud .venv/bin/python -m orders"
    environment = {**os.environ, "PORT": "eighty", "LOG_LEVEL": "loud"}
    source = pristine(()) / "src"
    ran = subprocess.run(
        [sys.executable, "-m", "orders"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 78
    shown = shown_after(command)
    printed = ran.stdout.replace(str(source), "/home/ada/orders").splitlines()
    assert [_timeless(line) for line in shown] == [_timeless(line) for line in printed]


def _timeless(line: str) -> str:
    """Return a log line without its time, version and process."""
    return re.sub(r"^\S+ \S+ |Python \S+ process \d+", "", line)


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code.value} | {MEANINGS[code]} |" in text
