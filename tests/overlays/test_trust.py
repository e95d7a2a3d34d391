"""Nothing of a source is used before the user has agreed to it."""

import json
import os
import sys
from pathlib import Path

import pexpect
import pytest
import yaml
from conftest import commit, state, viscaffold
from teams import MakeRepository, MakeTeam, tag
from terminals import on_terminal

from scaffolder.overlays import layers
from scaffolder.overlays.fetch import remote
from scaffolder.overlays.format import files

COMMAND = f"{sys.executable} -m scaffolder"


def trusted() -> list[str]:
    file = Path(os.environ["XDG_DATA_HOME"]) / "viscaffold/trusted.json"
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def test_without_a_terminal_it_takes_a_flag(team: MakeTeam) -> None:
    source = team()
    ran = viscaffold("new", "orders", "-t", str(source))

    assert ran.code == 5
    assert "is not trusted yet, so it was not used" in ran.err
    assert "with --trust" in ran.err
    assert not Path("orders").exists()
    assert trusted() == []


def test_what_is_to_be_trusted_is_shown(team: MakeTeam) -> None:
    source = team()
    ran = viscaffold("new", "orders", "-t", str(source))

    for line in (
        f"  from: {source}",
        "  version: none, a directory, content ",
        "  about: How services look at Acme",
        "  stages:\n    kafka\n",
        "  asks:\n    team: Team that owns the service\n",
        "  fixes:\n    ci=none\n",
        "  replaces:\n    template/shared/incident.md\n",
        "  adds:\n    template/python/.github/CODEOWNERS.jinja\n",
        "  installs, with its stages:\n    aiokafka>=0.12\n",
    ):
        assert line in ran.err


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 5), ("", 5)])
def test_on_a_terminal_it_is_asked_for(team: MakeTeam, answer: str, code: int) -> None:
    source = team()
    child = on_terminal(f"{COMMAND} new orders -t {source}", encoding="utf-8", timeout=60)
    child.expect("Trust it")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == code
    assert Path("orders").exists() == (code == 0)
    assert trusted() == ([str(source)] if code == 0 else [])


def test_it_is_remembered_for_later_versions(repository: MakeRepository) -> None:
    source = repository()
    first = viscaffold("new", "orders", "-t", f"file://{source}@1.0", "--trust")
    tag(source, "1.1")
    second = viscaffold("new", "other", "-t", f"file://{source}@1.1")

    assert first.code == 0
    assert second.code == 0
    assert "for the first time" not in second.err
    assert trusted() == [f"file://{source}"]


def test_a_service_of_somebody_elses_is_asked_about_before_it_is_rendered(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    viscaffold("new", "orders", "-t", str(team()), "--trust")
    os.chdir("orders")
    before = state(Path.cwd())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    for command in ("add-stage api", "update", "update --check", "undo"):
        ran = viscaffold(*command.split())
        assert ran.code == 5, command
        assert "not trusted yet" in ran.err
    assert state(Path.cwd()) == before
    assert viscaffold("status", "--trust").code == 0
    assert viscaffold("status").code == 0


def test_content_that_was_not_agreed_to_cannot_come_in_by_a_trusted_name(
    team: MakeTeam, repository: MakeRepository
) -> None:
    """Whoever writes a service's answers can name any content; it is only used if it is there."""
    good, bad = repository({}, "good"), team({"template/python/evil.txt": "evil\n"}, "bad")
    viscaffold("new", "orders", "-t", f"file://{good}@1.0", "--trust")
    refused = viscaffold("new", "other", "-t", str(bad))
    digest = files.digest(files.from_directory(bad, ""))
    os.chdir("orders")
    answers = Path(".copier-answers.yml")
    entry = yaml.safe_load(answers.read_bytes())["_overlays"][0]
    text = answers.read_text(encoding="utf-8").replace(entry["digest"], digest)
    answers.write_text(text, encoding="utf-8")
    commit(Path.cwd())
    ran = viscaffold("add-stage", "api")

    assert refused.code == 5
    assert ran.code == 5
    assert "has other content now than the service was made with" in ran.err


def test_nothing_is_fetched_for_a_service_of_somebody_elses_before_it_is_agreed_to(
    repository: MakeRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    viscaffold("new", "orders", "-t", f"file://{repository()}@1.0", "--trust")
    os.chdir("orders")
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "another"))
    layers.known.clear()
    asked: list[object] = []
    monkeypatch.setattr(remote, "fetch", asked.append)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "not trusted yet" in ran.err
    assert not asked


def test_a_damaged_list_is_named(team: MakeTeam) -> None:
    file = Path(os.environ["XDG_DATA_HOME"]) / "viscaffold/trusted.json"
    file.parent.mkdir(parents=True)
    file.write_text("{", encoding="utf-8")
    ran = viscaffold("new", "orders", "-t", str(team()), "--trust")

    assert ran.code == 5
    assert f"{file} cannot be read" in ran.err


def test_texts_of_a_source_cannot_move_the_terminal(team: MakeTeam) -> None:
    manifest = 'name: acme\nanswers:\n  description: "\\e[2Jcleared"\n'
    ran = viscaffold("new", "orders", "-t", str(team({"viscaffold.yml": manifest})))

    assert ran.code == 5
    assert "\x1b[2J" not in ran.err
    assert "\\x1b[2Jcleared" in ran.err
