from pathlib import Path

import pytest
from conftest import MakeService, viscaffold

from scaffolder.templates import catalogue, template

KNOWN = catalogue.read(template.builtin().root)
FIELDS = {"name", "title", "summary", "requires", "installed"}


def test_outside_a_service_all_stages_are_listed_as_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("stages", "--json")

    stages = ran.json()["stages"]
    assert ran.code == 0
    assert [stage["name"] for stage in stages] == list(KNOWN)
    assert all(stage.keys() == FIELDS for stage in stages)
    assert not any(stage["installed"] for stage in stages)


def test_inside_a_service_those_that_are_there_are_marked(service: MakeService) -> None:
    service("auth")
    listed = viscaffold("stages", "--json").json()["stages"]
    lines = viscaffold("stages").out.splitlines()

    installed = {stage["name"]: stage["installed"] for stage in listed}
    assert installed == {name: name in {"api", "auth"} for name in KNOWN}
    assert any(line.startswith("* auth") for line in lines)
    assert any(line.startswith("  logging") for line in lines)


def test_what_each_brings_is_shown(service: MakeService) -> None:
    service()
    out = viscaffold("stages").out

    assert "requires: api" in out
    assert "brings: argon2-cffi" in out
    assert "settings: AUTH_USERS_FILE" in out
