"""Secrets in what a service in Rust logs: hidden by the rules of the tool and of Python's."""

import json
import random
import resource

import pytest
from cases import run
from secret_texts import INNOCENT, POSITIONS, QUOTED, SECRET, TOKENS

from scaffolder import redaction_rules

PIECES = [
    *(form.format(SECRET) for form in [*POSITIONS.values(), *QUOTED.values()]),
    *(form.format("correct horse, battery") for form in QUOTED.values()),
    *(form.format("$x/true") for form in POSITIONS.values()),
    *TOKENS,
    *INNOCENT,
]
BETWEEN = [" ", "\n", ", ", "; ", '"', "'", "=", ": ", "&", "\\", "", "{", " -- "]
ALPHABET = "".join(sorted(set("".join(PIECES))))


def logged(texts: list[str]) -> list[str]:
    """Log texts; return the lines, JSON and text by turns."""
    done = run("lines", given=json.dumps(texts))
    assert done.returncode == 0, done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def work(texts: list[str]) -> float:
    """Log texts; return the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    logged(texts)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def messages(texts: list[str]) -> list[str]:
    """Log texts; return what became of them."""
    return [json.loads(line)["message"] for line in logged(texts)[::2]]


def mixed(chance: random.Random) -> str:
    """Put pieces together, cut somewhere, with a character changed here and there."""
    parts: list[str] = []
    for piece in chance.sample(PIECES, chance.randint(1, 5)):
        start = chance.choice([0, 0, 0, chance.randrange(len(piece))])
        end = chance.choice([len(piece), len(piece), chance.randrange(len(piece) + 1)])
        parts += [piece[start:end], chance.choice(BETWEEN)]
    text = list("".join(parts))
    for _ in range(chance.randint(0, 3)):
        text.insert(chance.randint(0, len(text)), chance.choice(ALPHABET))
    return "".join(text).strip()


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    lines = logged([form.format(SECRET) for form in POSITIONS.values()])

    assert len(lines) == 2 * len(POSITIONS)
    assert not [line for line in lines if SECRET in line]
    assert all("[redacted]" in line for line in lines)


def test_a_secret_with_spaces_is_hidden_in_quotes() -> None:
    lines = logged([form.format("correct horse battery") for form in QUOTED.values()])

    assert not [line for line in lines if "horse" in line]


def test_a_token_is_hidden_by_its_form() -> None:
    lines = logged([f"got {token}, and went on" for token in TOKENS])

    assert not [token for token in TOKENS if any(token[-8:] in line for line in lines)]


def test_other_text_stays() -> None:
    assert messages(INNOCENT) == INNOCENT


@pytest.mark.parametrize("seed", range(3))
def test_what_is_hidden_is_what_python_hides(seed: int) -> None:
    chance = random.Random(seed)
    texts = [text for text in (mixed(chance) for _ in range(1500)) if text]

    found = messages(texts)
    assert found == [redaction_rules.in_text(text) for text in texts]


def test_the_name_of_a_value_decides_as_in_python() -> None:
    words = ["password", "token", "key", "secret", "auth", "session", "pass", "sig", "dsn", "salt"]
    others = ["min", "length", "public", "api", "x", "db", "user", "primary", "count", "ttl", "id"]
    chance = random.Random(1)
    names = [
        chance.choice("_-. ").join(chance.sample([*words, *others], chance.randint(1, 3)))
        for _ in range(1000)
    ]
    names = sorted({chance.choice([name, name.upper(), name.title()]) for name in names})
    lines = [json.loads(line) for line in logged(names)[::2]]
    hidden = [name for name, line in zip(names, lines, strict=True) if line.get(name) != "value"]

    assert hidden == [name for name in names if redaction_rules.is_secret(name)]


@pytest.mark.parametrize(
    "text",
    [
        "password=" * 900,
        "authorization: " * 500,
        "-----begin private key-----" * 300,
        "<password" * 900,
        "basic " + "a" * 8000,
        "://" * 2700,
        "mysql " + "-p " * 2700,
        '"' * 8000 + "password",
        "token_" * 1300,
        "a-" * 4000 + "key",
        "--" * 4000 + "pass",
        "session" + " " * 8000 + "id",
        "A" * 8000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    once, fivefold = work([text]), work([text] * 5)

    # Debug code in a test is tenfold slower than what ships.
    assert (fivefold - once) / 4 < 2
