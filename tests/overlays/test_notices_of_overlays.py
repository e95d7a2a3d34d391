"""What a template of a team tells people of its versions: on the way there, or until it is done."""

import os
from pathlib import Path
from typing import Any

import pytest
from conftest import viscaffold
from teams import MakeRepository, MakeTeam, tag

RENAMED = """\
servers-are-called-brokers:
  says: the setting KAFKA_SERVERS is called KAFKA_BROKERS
  fix: rename it wherever it is set
  stages: [kafka]
  settings: [KAFKA_SERVERS]
"""
OWNERS = """\
owners:
  says: CODEOWNERS names whole teams
  fix: nothing
"""
TOLD = ["acme/servers-are-called-brokers"]


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
    Path(".env").write_text("PORT=9000\nKAFKA_SERVERS=kafka:9092\n", encoding="utf-8")
    (change,) = found("update --check", "changes")
    ran = viscaffold("update")

    assert (change["id"], change["places"]) == (TOLD[0], [".env:2"])
    assert ran.code == 0, ran.err
    assert "Changes: the setting KAFKA_SERVERS is called KAFKA_BROKERS\n  set in .env:2" in ran.err
    assert ran.err.count("the setting KAFKA_SERVERS is called") == 1
    assert "CODEOWNERS" not in ran.err


def test_a_setting_that_is_still_set_is_named_until_it_is_gone(source: Path) -> None:
    new(source, "1.1", "--stage", "kafka")
    Path(".env").write_text("KAFKA_SERVERS=kafka:9092\n", encoding="utf-8")

    assert ids("status", "notices") == TOLD
    assert "KAFKA_SERVERS is called KAFKA_BROKERS" in viscaffold("doctor").out
    Path(".env").write_text("KAFKA_BROKERS=kafka:9092\n", encoding="utf-8")
    assert found("status", "notices") == []


def test_a_service_without_the_stage_or_with_the_version_is_told_nothing(source: Path) -> None:
    new(source, "1.0")
    assert ids("update --check", "changes") == []
    os.chdir("..")
    Path("orders").rename("other")
    new(source, "1.1", "--stage", "kafka")
    assert ids("update --check", "changes") == []


def test_a_setting_that_is_gone_is_explained(source: Path) -> None:
    tag(source, "1.2", {"notices.yml": RENAMED.replace("SERVERS", "GROUP")})
    new(source, "1.2", "--stage", "kafka")

    assert "KAFKA_GROUP is called KAFKA_BROKERS" in viscaffold("explain", "KAFKA_GROUP").out
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
