"""Text of others: printable on a terminal, valid in JSON, one word in a command to type."""

import json
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder import text

ATTACKS = {
    "a title of the window": "\x1b]0;PWNED\x07",
    "a color": "\x1b[31m",
    "the same, by C1": "\x9b31m",
    "the line again": "safe\rPWNED",
    "one letter back": "safe\x08",
    "delete": "\x7f",
    "right to left": "\u202egnp.exe",
    "an isolate": "\u2066x\u2069",
    "no width": "pass\u200bword",
    "a byte order mark": "\ufeffx",
    "half of a letter": "\udc9b31m",
    "a tag": "\U000e0041",
    "a filler": "\u3164",
    "a line separator": "a\u2028b",
    "another line": "a\nError: b",
}
attacks = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


def shows(words: str) -> bool:
    """Tell whether every letter of a text is one that a terminal shows."""
    return all(c.isprintable() and c not in text.BLANK for c in words)


@attacks
def test_what_would_not_show_is_spelled_out(attack: str) -> None:
    assert shows(text.printable(attack))
    assert "\\" in text.printable(attack)


@given(st.text(st.characters()))
def test_all_text_becomes_printable_and_printable_text_stays(words: str) -> None:
    made = text.printable(words)

    assert shows(made)
    assert text.printable(made) == made


@pytest.mark.parametrize("words", ["plain", "dépôt", "注文", "❤️ orders", "C:\\orders"])
def test_text_that_people_write_stays_as_it_is(words: str) -> None:
    assert text.printable(words) == words


def test_a_byte_that_is_no_letter_is_shown_as_that_byte() -> None:
    assert text.printable(os.fsdecode(b"caf\xe9.txt")) == "caf\\xe9.txt"
    assert text.printable("\ud83d") == "\\ud83d"


def test_lines_and_tabs_stay_where_they_mean_something() -> None:
    assert text.printable_lines("a\n\tb") == "a\n\\tb"
    assert text.printable_patch("a\n\tb\r") == "a\n\tb\\r"


@attacks
def test_a_json_document_reads_the_same_and_shows_all_of_it(attack: str) -> None:
    made = text.as_json({attack: [attack, "é"]})

    assert json.loads(made) == {attack: [attack, "é"]}
    assert all(shows(line) for line in made.split("\n"))
    assert "é" in made


@given(st.text(st.characters()))
def test_any_text_survives_json(words: str) -> None:
    assert json.loads(text.as_json(words)) == words


WORDS = [
    "plain",
    "two words",
    "it's",
    "$(touch pwned)",
    "`x`",
    "a;b",
    "\\",
    "",
    "-n",
    *ATTACKS.values(),
]


@pytest.mark.parametrize("word", WORDS)
def test_a_quoted_word_is_that_one_word_to_a_shell_and_printable(word: str) -> None:
    made = text.quoted(word)
    ran = subprocess.run(["bash", "-c", f"printf '<%s>' {made}"], capture_output=True, check=True)

    assert shows(made)
    assert ran.stdout == b"<" + os.fsencode(word) + b">"


def test_a_name_in_a_message_is_quoted_and_not_endless() -> None:
    assert text.shown("a\x1b'") == '"a\\x1b\'"'
    assert len(text.shown("x" * 1000)) < 60
