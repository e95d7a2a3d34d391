"""No secret is shown, and no terminal obeys what a container printed."""

import pytest

from scaffolder.diagnose.cleaning import cleaned, cleaner, is_secret_name, visible

NOTHING: dict[str, str] = {}


@pytest.mark.parametrize(
    "secret",
    [
        "postgres://app:hunter22@db:5432/x",
        "password=hunter22",
        '{"api_key": "hunter22"}',
        "Authorization: Bearer hunter22hunter22",
        "--token hunter22",
        "token: hunter22",
        "ghp_hunter22hunter22hunter22hunter22",
        "eyJhunter22.eyJhunter22.hunter22",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter22\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter22",
        "AKIAHUNTER22HUNTER22 hunter22".replace(" hunter22", ""),
    ],
)
def test_what_looks_like_a_secret_is_masked(secret: str) -> None:
    shown = cleaner(NOTHING)(f" {secret}")

    assert "***" in shown
    assert "hunter22" not in shown.lower()


def test_values_are_masked_by_the_names_of_their_variables() -> None:
    clean = cleaner({"DB_PASSWORD": "correct horse", "PORT": "8080"})

    assert clean("login failed with correct horse on 8080") == "login failed with *** on 8080"


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "API_KEY", "JWT_SECRET", "GITHUB_TOKEN", "SENTRY_DSN"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD_FILE", "PATH", "KEYBOARD", "TOKENIZER", "MONKEY", "PWD"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "said",
    [
        "DB_PASSWORD_FILE names /run/secrets/db_password, which does not exist",
        "the environment variable API_KEY is not set",
        "postgres://db:5432/app refuses connections",
    ],
)
def test_plain_words_are_left_alone(said: str) -> None:
    assert cleaner(NOTHING)(said) == said


def test_terminal_escapes_are_shown_and_not_obeyed() -> None:
    assert visible("\x1b]0;owned\x07\x1b[2J\r\u202e") == "\\x1b]0;owned\\x07\\x1b[2J\\x0d\\u202e"
    assert visible("a\tb\nc") == "a\tb\nc"


def test_every_text_of_a_document_is_cleaned() -> None:
    found = cleaned({"a": ["\x1b[1m", ("x", 1)], "b": None}, cleaner(NOTHING))

    assert found == {"a": ["\\x1b[1m", ["x", 1]], "b": None}
