"""What a template of a team tells people of its versions: on the way there, or until it is done."""

import os
from pathlib import Path
from typing import Any

import pytest
from conftest import viscaffold
from teams import MakeRepository, MakeTeam, tag

from scaffolder.overlays import layers
from scaffolder.overlays.fetch import origin
from scaffolder.overlays.fetch.trust import NEVER
from scaffolder.testkit import renders
from scaffolder.testkit.subject import Subject

RENAMED = """\
hosts-are-called-servers:
  says: the setting KAFKA_HOSTS is called KAFKA_SERVERS
  fix: rename it wherever it is set
  stages: [kafka]
  settings: [KAFKA_HOSTS]
"""
OWNERS = """\
owners:
  says: CODEOWNERS names whole teams
  fix: nothing
"""
TOLD = ["acme/hosts-are-called-servers"]


@pytest.fixture
def source(repository: MakeRepository) -> Path:
    """A team's template, which tells something in 1.0 already, and more in 1.1."""
    root = repository({"notices.yml": OWNERS})
    tag(root, "1.1", {"notices.yml": OWNERS + RENAMED})
    return root


def new(source: Path, version: str, *args: str) -> None:
    where = f"{source.as_uri()}@{version}"
    ran = viscaffold("new", "orders", "--template", where, "--trust", *args)
    assert ran.code == 0, ran.err
    os.chdir("orders")


def found(command: str, what: str) -> list[Any]:
    return list(viscaffold(*command.split(), "--json").json()[what])


def ids(command: str, what: str) -> list[str]:
    return [notice["id"] for notice in found(command, what)]


def test_an_update_tells_what_the_new_version_adds_with_the_lines_to_change(source: Path) -> None:
    new(source, "1.0", "--stage", "kafka")
    Path(".env").write_text("PORT=9000\nKAFKA_HOSTS=kafka:9092\n", encoding="utf-8")
    (change,) = found("update --check", "changes")
    ran = viscaffold("update")

    assert (change["id"], change["places"]) == (TOLD[0], [".env:2"])
    assert ran.code == 0, ran.err
    assert "Changes: the setting KAFKA_HOSTS is called KAFKA_SERVERS\n  set in .env:2" in ran.err
    assert ran.err.count("the setting KAFKA_HOSTS is called") == 1
    assert "CODEOWNERS" not in ran.err


def test_a_setting_that_is_still_set_is_named_until_it_is_gone(source: Path) -> None:
    new(source, "1.1", "--stage", "kafka")
    Path(".env").write_text("KAFKA_HOSTS=kafka:9092\n", encoding="utf-8")

    assert ids("status", "notices") == TOLD
    assert "KAFKA_HOSTS is called KAFKA_SERVERS" in viscaffold("doctor").out
    Path(".env").write_text("KAFKA_SERVERS=kafka:9092\n", encoding="utf-8")
    assert found("status", "notices") == []


def test_a_service_without_the_stage_or_with_the_version_is_told_nothing(source: Path) -> None:
    new(source, "1.0")
    assert ids("update --check", "changes") == []
    os.chdir("..")
    Path("orders").rename("other")
    new(source, "1.1", "--stage", "kafka")
    assert ids("update --check", "changes") == []


def test_notices_call_the_code_as_the_service_does(source: Path) -> None:
    tag(source, "1.2", {"notices.yml": OWNERS.replace("nothing", "edit src/{package}/app.py")})
    new(source, "1.0")
    tag(source, "1.3", {"notices.yml": RENAMED.replace("wherever", "in src/{package}/app.py,")})

    assert "edit src/{package}" not in viscaffold("update", "--check").out
    os.chdir("..")
    Path("orders").rename("other")
    new(source, "1.2", "--stage", "kafka")
    assert "src/orders/app.py" in found("update --check", "changes")[0]["fix"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (".env.prod", "KAFKA_HOSTS=kafka:9092"),
        ("deploy/compose.yml", "      KAFKA_HOSTS: kafka:9092"),
        ("Dockerfile", "ENV KAFKA_HOSTS=kafka:9092"),
    ],
)
def test_a_setting_that_is_gone_is_found_wherever_it_is_set(
    source: Path, path: str, line: str
) -> None:
    new(source, "1.1", "--stage", "kafka")
    assert found("status", "notices") == []
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(f"{line}\n", encoding="utf-8")

    assert [notice["places"] for notice in found("status", "notices")] == [[f"{path}:1"]]
    Path(path).rename(".env.example")  # which names what may be set, and sets nothing
    assert found("status", "notices") == []


def test_a_setting_that_is_gone_is_explained(source: Path) -> None:
    tag(source, "1.2", {"notices.yml": RENAMED.replace("HOSTS", "GROUP")})
    new(source, "1.2", "--stage", "kafka")

    assert "KAFKA_GROUP is called KAFKA_SERVERS" in viscaffold("explain", "KAFKA_GROUP").out
    assert "KAFKA_GROUPS" not in viscaffold("explain", "KAFKA_GROUPS").out


@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        ("- a\n", ":1:1: the file has to be", ""),
        (OWNERS + "  since: 1.0\n", ":4:3: a notice of an overlay has no version", "take it out"),
        (OWNERS + "  where: []\n", ":4:3: there is no key 'where'", "write one of"),
        ("owners:\n  says: x\n", ":1:1: the notice 'owners' has no fix", "fix: what to do"),
        (OWNERS.replace("nothing", '"a\\e[31m"'), ":3:8: fix is one line of text", "plain text"),
        (OWNERS + "  settings: [a|b]\n", ":4:14: 'a|b' cannot be a setting", "KAFKA_SERVERS"),
        (OWNERS + "  stages: kafka\n", ":4:11: stages has to be a list", "[one, other]"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(
    team: MakeTeam, content: str, says: str, hint: str
) -> None:
    root = team({"notices.yml": content})
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")

    assert ran.code == 5
    assert f"notices.yml{says}" in ran.err
    assert hint in ran.err
    assert not Path("orders").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("  stages: [kafak]\n", "is for 'kafak', which is not a stage\nTry: did you mean kafka?"),
        ("  settings: [PORT, KAFKA_SERVERS]\n", "has KAFKA_SERVERS, which the stage kafka reads"),
        ("  stages: [kafka]\n  settings: [KAFKA_HOSTS]\n", ""),
    ],
)
def test_a_notice_that_reaches_nobody_or_is_not_true_fails_the_check_of_the_template(
    team: MakeTeam, more: str, says: str
) -> None:
    root = team({"notices.yml": OWNERS + more})
    overlay = layers.given(origin.parse(str(root)), NEVER)
    checked = next(renders.check(Subject(overlay)))

    assert checked.check == "notices"
    assert len(checked.problems) == bool(says)
    assert f"notices.yml: the notice 'owners' {says}" in "".join(checked.problems) or not says
