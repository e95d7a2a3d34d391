"""Whatever text of others is printed: nothing of it moves the terminal, or hides in it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
import terminals
from conftest import MakeService, commit, git, viscaffold
from teams import MakeTeam

from scaffolder import console

TITLE = "\x1b]0;PWNED\x07"
ATTACKS = {
    "a title of the window": TITLE,
    "by C1": "\x9d0;PWNED\x9c",
    "right to left": "\u202eDENWP",
    "no width": "PW\u200bNED",
}
attacks = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def answers(root: Path, key: str, text: str) -> None:
    """Put a text into the answers of a service, as whoever made its repository could."""
    file = root / ".copier-answers.yml"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith(key)]
    file.write_text("\n".join([*lines, f"{key}: {json.dumps(text)}", ""]), encoding="utf-8")


def version(root: Path, text: str) -> list[str]:
    answers(root, "_commit", text)
    return ["status"]


def name(root: Path, text: str) -> list[str]:
    answers(root, "name", text)
    return ["status"]


def origin(root: Path, text: str) -> list[str]:
    answers(root, "_src_path", text)
    return ["add-stage", "api"]


def renamed(root: Path, text: str) -> list[str]:
    git(root, "mv", "src/orders/stages", f"src/orders/{text}")
    git(root, "commit", "-qm", "x")
    return ["add-stage", "logging"]


def directory(root: Path, text: str) -> list[str]:
    place = root.parent / text
    root.rename(place)
    os.chdir(place)
    return ["status"]


def path(root: Path, text: str) -> list[str]:
    (root / text).write_text("mine", encoding="utf-8")
    return ["template", "check", text]


def fleet(root: Path, text: str) -> list[str]:
    place = root.parent / text
    root.rename(place)
    os.chdir(place.parent)
    return ["fleet", "status", text]


SOURCES = (version, name, origin, renamed, directory, path, fleet)
Source = Callable[[Path, str], list[str]]


def on_terminal(*args: str) -> str:
    """Return what a command writes to a terminal, but for the colors that are ours."""
    terminal = terminals.on_terminal(
        sys.executable, ["-m", "scaffolder", *args], timeout=60,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    terminal.expect(pexpect.EOF)
    return str(terminal.before.decode(errors="surrogateescape")).replace("\r\n", "\n")


@pytest.mark.parametrize("source", SOURCES)
def test_no_text_of_others_reaches_the_terminal_as_it_is(
    service: MakeService, source: Source
) -> None:
    ran = viscaffold(*source(service(), TITLE))

    assert "PWNED" in ran.out + ran.err
    assert TITLE not in ran.out + ran.err


@attacks
def test_whatever_the_attack_it_is_spelled_out(service: MakeService, attack: str) -> None:
    shown = on_terminal(*directory(service(), attack))

    assert attack not in shown
    assert all(line.isprintable() for line in shown.split("\n"))


@attacks
def test_messages_data_and_documents_are_made_printable_where_they_are_printed(
    attack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that no command can forget it."""
    console.say(f"! {attack}")
    console.say(console.bold(attack))
    console.out(attack)
    console.data({attack: attack})
    said = capsys.readouterr()

    assert attack not in said.out + said.err
    assert json.loads(said.out.partition("\n")[2]) == {attack: attack}


def test_a_path_cannot_pretend_to_be_a_message(service: MakeService) -> None:
    root = service("api")
    stage = next((root / "src/orders/stages").glob("api*"))
    git(root, "mv", str(stage), f"{stage}\nError: run this")
    commit(root)
    ran = viscaffold("status")

    assert "\nError: run this" not in ran.out + ran.err


def test_a_patch_is_printable_on_a_terminal_and_exact_in_a_pipe(team: MakeTeam) -> None:
    team({"template/python/evil.txt": f"{TITLE}\n"})
    command = ["new", "orders", "--template", "team", "--dry-run", "--trust"]
    shown = on_terminal(*command)
    piped = subprocess.run(
        [sys.executable, "-m", "scaffolder", *command], capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ).stdout  # fmt: skip

    assert "+\\x1b]0;PWNED\\x07\n" in shown
    assert TITLE not in shown
    assert f"+{TITLE}\n".encode() in piped


def test_the_choices_of_a_question_of_others_are_made_printable(team: MakeTeam) -> None:
    team(
        {
            "viscaffold.yml": "name: acme\nquestions:\n  color:\n    type: str\n"
            f"    help: Color\n    choices: [red, {json.dumps(TITLE)}]\n"
        }
    )
    terminal = terminals.on_terminal(
        sys.executable,
        ["-m", "scaffolder", "new", "orders", "--template", "team", "--trust"],
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        encoding="utf-8", timeout=60,
    )  # fmt: skip
    terminal.expect_exact("\\x1b]0;PWNED\\x07")
    shown = str(terminal.before)
    terminal.close(force=True)

    assert TITLE not in shown


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS", "JENKINS_URL"])
def test_a_terminal_where_nobody_types_is_not_waited_for(
    tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "true")

    assert "NAME_OR_PATH is missing" in on_terminal("new")


def test_yes_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "NAME_OR_PATH is missing" in on_terminal("new", "--yes")
