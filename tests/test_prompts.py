"""The questions of `new` on a terminal: forth, back, another answer, the summary, yes and no."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from teams import TEAM, MakeTeam
from terminals import on_terminal

from scaffolder.commands import interview
from scaffolder.operations import Preset

ESCAPE, DOWN, SPACE, ENTER = "\x1b", "\x1b[B", " ", "\r"


class Session:
    """A person at a terminal of 80 columns."""

    def __init__(self, place: Path, *words: str, **variables: str) -> None:
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **variables}
        self.terminal = on_terminal(
            sys.executable,
            ["-m", "scaffolder", "new", *words],
            cwd=place,
            env=environment,
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 80),
        )
        self.shown = ""

    def at(self, question: str, *keys: str) -> None:
        """Wait for a question, and press keys."""
        self._wait(question)
        for key in keys:
            self.terminal.send(key)

    def ended(self) -> int:
        self._wait(pexpect.EOF)
        self.terminal.close()
        return int(self.terminal.exitstatus)

    def _wait(self, what: Any) -> None:  # noqa: ANN401 - a text, or the end
        self.terminal.expect_exact([what])
        self.shown += f"{self.terminal.before}{self.terminal.after}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    return here


def test_forth_and_back_to_another_answer_and_yes(place: Path) -> None:
    (place / "full").mkdir()
    (place / "full/file").touch()
    person = Session(place)
    person.at("Name of the service", "Orders", ENTER)
    person.at("a-z, 0-9 and single -, a letter first", "\x15full")
    person.at("full", ENTER)
    person.at("exists and is", "\x15shop", ENTER)
    person.at("Language that", ENTER)
    person.at("Stages to start with", "login", ESCAPE)
    person.at("Language that", ESCAPE)
    person.at("Name of the service", "\x15orders", ENTER)
    person.at("Language that", DOWN, ENTER)
    person.at("Stages to start with", "argon", SPACE, ENTER)
    person.at("language     rust")
    person.at("stages       api, auth")
    person.at("The same again: viscaffold new orders --language rust --stage auth")
    person.at("Make it", "y")

    assert person.ended() == 0, person.shown
    assert "Stages to start with: \x1b[1mauth\x1b[0m" in person.shown
    assert (place / "orders/Cargo.toml").exists()
    assert {path.name for path in place.iterdir()} == {"orders", "full"}


def test_a_search_lists_names_before_words_and_a_pasted_color_is_nothing(place: Path) -> None:
    person = Session(place)
    person.at("Name of the service", "\x1b[31m", "orders", ENTER)
    person.at("Language that", "\x1b[31m", ENTER)
    person.at("Stages to start with", "\x1b[31m", *"a", *"c", *"h", SPACE, ENTER)
    person.at("stages       cache")
    person.at("Make it", "n")

    assert person.ended() == 130, person.shown


def test_a_search_goes_on_when_what_it_found_is_chosen_or_it_is_forgotten(place: Path) -> None:
    person = Session(place)
    person.at("Name of the service", "orders", ENTER)
    person.at("Language that", ENTER)
    person.at("Stages to start with", *"au", ENTER)
    person.at("is not chosen: space chooses it, Backspace forgets it", "\x7f", "\x7f", ENTER)
    person.at("stages       none")
    person.at("Make it", ESCAPE)
    person.at("Stages to start with", *"apx", ENTER)
    person.at("is not chosen", "\x7f", SPACE, ENTER)
    person.at("stages       api")
    person.at("Make it", "n")

    assert person.ended() == 130, person.shown


@pytest.mark.parametrize("questions", [0, 1, 2])
def test_ctrl_d_leaves_at_each_question(place: Path, questions: int) -> None:
    person = Session(place)
    asked = [("Name of the service", "orders"), ("Language that", ""), ("Stages to start", "")]
    for question, answer in asked[:questions]:
        person.at(question, answer, ENTER)
    person.at(asked[questions][0], "\x04")
    person.at("nothing was changed")

    assert person.ended() == 130


def test_what_a_team_asks_for_is_asked_with_the_name_given(place: Path, team: MakeTeam) -> None:
    manifest = TEAM["viscaffold.yml"].replace("    default: pay\n", "    choices: [pay, shop]\n")
    root = team({"viscaffold.yml": manifest})
    person = Session(place, "orders", "-t", str(root), "--trust", "--json", NO_COLOR="1")
    person.at("Team that owns the service", DOWN, ENTER)
    person.at("team         shop")
    person.at("Make it", ESCAPE)
    person.at("Team that owns the service", ENTER)
    person.at("team         shop")
    person.at("--answer team=shop --template")
    person.at("Make it", ENTER)

    assert person.ended() == 0, person.shown
    assert not re.search(r"\x1b\[(\d+;)*[349]\d[\d;]*m", person.shown)  # a color
    assert "team: shop" in (place / "orders/.copier-answers.yml").read_text(encoding="utf-8")


def test_where_there_is_no_room_nothing_is_asked(place: Path, team: MakeTeam) -> None:
    manifest = TEAM["viscaffold.yml"].replace("    default: pay\n", "")
    root = team({"viscaffold.yml": manifest})
    (place / "orders").mkdir()
    (place / "orders/main.c").touch()
    person = Session(place, "orders", "-t", str(root), "--trust")

    assert person.ended() == 5
    assert "exists and is not empty" in person.shown
    assert "Esc: back" not in person.shown


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS"])
def test_where_nobody_types_nothing_is_asked(place: Path, variable: str) -> None:
    person = Session(place, **{variable: "1"})

    assert person.ended() == 2
    assert "NAME_OR_PATH is missing" in person.shown


@pytest.mark.parametrize("keys", ["n", "\x03", "\x04"])
def test_no_leaves_nothing(place: Path, keys: str) -> None:
    person = Session(place)
    person.at("Name of the service", "orders", ENTER)
    person.at("Language that", ENTER)
    person.at("Stages to start with", ENTER)
    person.at("Make it", keys)
    person.at("nothing was changed")

    assert person.ended() == 130
    assert [*place.iterdir()] == []


def test_how_to_type_the_same_again_has_no_credentials() -> None:
    wanted = Preset(templates=("https://ada:s3cret@git.example.com/team@1.0",))

    assert interview.again("orders", wanted) == (
        "viscaffold new orders --template https://git.example.com/team@1.0"
    )
