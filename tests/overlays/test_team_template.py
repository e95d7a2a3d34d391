"""The guide "Your team's template": its commands print what it shows; and the examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import viscaffold
from teams import MakeTeam
from test_docs import schema

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/team-template.md"


def steps() -> list[tuple[str, list[str]]]:
    """Return each command of the guide, and the lines that it shows below."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def shows(pattern: str, line: str) -> bool:
    """Tell whether a line is what the guide shows; `...` stands for anything, times for times."""
    words = re.escape(re.sub(r"\d+\.\d s\)", "T)", pattern)).replace(re.escape("..."), ".*")
    return bool(re.fullmatch(words, re.sub(r"\d+\.\d s\)", "T)", line)))


def check_shown(command: str, shown: list[str], printed: list[str]) -> None:
    at = 0
    anywhere = False
    for pattern in shown:
        if pattern == "...":
            anywhere = True
            continue
        while anywhere and at < len(printed) and not shows(pattern, printed[at]):
            at += 1
        assert at < len(printed), (command, pattern, printed)
        assert shows(pattern, printed[at]), (command, pattern, printed[at])
        at, anywhere = at + 1, False
    assert anywhere or at == len(printed) or not shown, (command, printed[at:])


@pytest.mark.usefixtures("new_user")
def test_the_guide_can_be_followed(tmp_path: Path) -> None:
    home, shims = tmp_path / "ada", tmp_path / "bin"
    home.mkdir()
    shims.mkdir()
    (shims / "viscaffold").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m scaffolder "$@"\n', encoding="utf-8"
    )
    (shims / "viscaffold").chmod(0o755)
    environment = {**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"}
    here = home
    for command, shown in steps():
        if command.startswith("cd "):
            here = (here / command[3:]).resolve()
            continue
        typed = command.replace("/home/ada", str(home))
        ran = subprocess.run(
            ["bash", "-c", typed],
            cwd=here,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == (10 if "fleet status" in command else 0), ran.stdout + ran.stderr
        printed = (ran.stdout or ran.stderr).replace(str(home), "/home/ada").splitlines()
        check_shown(command, shown, printed)


@pytest.mark.usefixtures("new_user")
@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").iterdir()))
def test_an_example_passes_its_checks(example: str) -> None:
    ran = viscaffold(
        "template", "check", str(ROOT / "examples" / example), "--environment", sys.prefix, "--json"
    )
    failed = [entry for entry in ran.json()["checks"] if not entry["passed"]]

    assert not failed
    assert ran.code == 0
    assert {entry["check"] for entry in ran.json()["checks"]} >= {
        *("render", "again", "apart", "complete", "add", "order"),
        *("tests", "lint", "format", "types"),
    }
    jsonschema.validate(ran.json(), schema("template-check"))


@pytest.mark.usefixtures("new_user")
@pytest.mark.parametrize("page", ["ci.yml", "compose.override.yaml"])
def test_the_example_takes_base_images_from_the_mirror(page: str) -> None:
    ran = viscaffold("new", "orders", "-t", str(ROOT / "examples/acme"), "--trust",
                     "-a", "team=payments", "-a", "registry=mirror.example:5000/base")  # fmt: skip
    assert ran.code == 0, ran.err
    (found,) = Path("orders").rglob(page)

    for argument in ("BUILDER_IMAGE", "RUNTIME_IMAGE"):
        assert re.search(f"{argument}.*mirror.example:5000/base/python", found.read_text("utf-8"))
        assert f"ARG {argument}=" in Path("orders/Dockerfile").read_text(encoding="utf-8")


def test_documents_are_what_their_schemas_say(team: MakeTeam) -> None:
    source = str(team())
    init = viscaffold("template", "init", "our-team", "--json").json()
    export = viscaffold("template", "export", source, "-o", "out", "--trust", "--json").json()
    made = viscaffold("new", "orders", "-t", source, "--json").json()
    fleet = viscaffold("fleet", "status", "orders", "nowhere", "--json").json()
    os.chdir("orders")
    documents = {
        "template-init": init,
        "template-export": export,
        "new": made,
        "fleet": fleet,
        "status": viscaffold("status", "--json").json(),
        "check": viscaffold("update", "--check", "--json").json(),
        "change": viscaffold("add-stage", "kafka", "--json").json(),
    }
    for name, document in documents.items():
        jsonschema.validate(document, schema(name))
        if name != "new":
            assert document.keys() == schema(name)["properties"].keys(), name
