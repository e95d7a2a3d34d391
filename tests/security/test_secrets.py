"""Secrets are hidden by one set of rules: in what the tool shows, and in what a service logs."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from secret_texts import INNOCENT, POSITIONS, QUOTED, SECRET, TOKENS

from scaffolder import redaction_rules
from scaffolder.redaction import cleaned, cleaner, shown_in
from scaffolder.templates import template

NOTHING: dict[str, str] = {}
SPELLED = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=8, max_size=40
).filter(lambda secret: secret.lower() not in ("required", "undefined"))
"""Secrets that may stand anywhere, and are no word for the lack of one."""
ODD = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["$", "/", "true", "null", "#", "(", "*", "%", "not", "Bearer"]),
    SPELLED,
)
"""Secrets that begin with what looks like a reference, a path or a word."""

LOGS = """
import json, logging, sys
from orders.stages.logging.lines import json_lines, text_lines
formatters = [json_lines("orders"), text_lines("orders", color=False)]
for text in json.load(sys.stdin):
    record = logging.getLogger("x").makeRecord("x", 20, "f", 1, text, (), None, extra={"y": [text]})
    for formatter in formatters:
        print(json.dumps(formatter.format(record)))
"""


def hidden(text: str) -> str:
    return cleaner(NOTHING)(text)


@pytest.fixture(scope="module")
def logged(pristine: Callable[[tuple[str, ...]], Path]) -> Callable[[list[str]], list[str]]:
    """Log texts with a generated service; return its lines, JSON and text by turns."""
    home = pristine(("logging",)) / "src"

    def log(texts: list[str]) -> list[str]:
        ran = subprocess.run(
            [sys.executable, "-c", LOGS],
            cwd=home,
            input=json.dumps(texts),
            text=True,
            capture_output=True,
            check=True,
        )
        return [json.loads(line) for line in ran.stdout.splitlines()]

    return log


def test_tool_and_service_have_the_very_same_rules(
    pristine: Callable[[tuple[str, ...]], Path],
) -> None:
    inside = "template/python/{{stage.logging}}/src/{{package}}/runtime/redaction.py"
    rules = Path(redaction_rules.__file__).read_bytes()

    assert (template.builtin().root / inside).read_bytes() == rules
    service = pristine(("logging",)) / "src/orders/runtime/redaction.py"
    assert service.read_bytes() == rules


@pytest.mark.parametrize("form", POSITIONS.values(), ids=POSITIONS)
def test_a_secret_is_hidden_where_it_stands(form: str) -> None:
    shown = hidden(form.format(SECRET))

    assert SECRET not in shown
    assert redaction_rules.HIDDEN in shown


@pytest.mark.parametrize("form", QUOTED.values(), ids=QUOTED)
def test_a_secret_with_spaces_is_hidden_in_quotes(form: str) -> None:
    assert "horse" not in hidden(form.format("correct horse battery"))


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_hidden_by_its_form(token: str) -> None:
    assert token[-8:] not in hidden(f"got {token}, and went on")


@pytest.mark.parametrize("text", INNOCENT)
def test_other_text_stays(text: str) -> None:
    assert hidden(text) == text


def test_a_service_hides_the_same(logged: Callable[[list[str]], list[str]]) -> None:
    texts = [form.format(SECRET) for form in POSITIONS.values()]
    lines = logged([*texts, *TOKENS])

    assert len(lines) == 2 * len([*texts, *TOKENS])
    assert not [line for line in lines if SECRET in line]
    assert not [t for t in TOKENS if any(t[-8:] in line for line in lines)]


def test_a_service_shows_the_rest(logged: Callable[[list[str]], list[str]]) -> None:
    lines = logged(INNOCENT)

    assert [json.loads(line)["message"] for line in lines[::2]] == INNOCENT


@given(SPELLED, st.sampled_from(sorted(POSITIONS)))
def test_no_secret_is_shown_in_any_position(secret: str, position: str) -> None:
    assert secret not in hidden(POSITIONS[position].format(secret))


@given(ODD, st.sampled_from(["variable", "colon", "JSON", "shell, quoted", "flag", "query"]))
def test_no_secret_is_shown_for_how_it_begins(secret: str, position: str) -> None:
    assert secret[-8:] not in hidden(POSITIONS[position].format(secret))


@given(st.text(max_size=300))
def test_hiding_twice_is_hiding_once(text: str) -> None:
    once = redaction_rules.in_text(text)

    assert redaction_rules.in_text(once) == once


@given(SPELLED, st.sampled_from(["PGPASSWORD", "DB_PASS", "STRIPE_KEY", "SENTRY_DSN", "X_AUTH"]))
def test_the_value_of_a_variable_is_hidden_wherever_it_recurs(secret: str, name: str) -> None:
    assert secret not in cleaner({name: secret})(f"login failed with {secret}, again ({secret})")


@pytest.mark.parametrize(
    "value", ["postgres://me:{}@db/x", '{{"db": {{"password": "{}"}}}}', "host=db password={}"]
)
def test_a_secret_within_a_value_is_hidden_wherever_it_recurs(value: str) -> None:
    shown = cleaner({"SETTINGS": value.format(SECRET)})(f"denied: {SECRET}")

    assert shown == "denied: [redacted]"


def test_a_secret_in_another_text_is_hidden_wherever_it_recurs() -> None:
    assert cleaner(NOTHING, [f"mysql -p{SECRET}"])(f"denied: {SECRET}") == "denied: [redacted]"


@pytest.mark.parametrize("form", ['"a\\"b/c d+e"', "a%22b%2Fc%20d%2Be", "a%22b%2Fc+d%2Be"])
def test_a_secret_is_hidden_in_the_forms_of_json_and_urls(form: str) -> None:
    assert cleaner({"PASSWORD": 'a"b/c d+e'})(form).strip('"') == "[redacted]"


def test_the_beginning_of_a_secret_is_hidden_where_a_text_was_cut() -> None:
    assert cleaner({"PASSWORD": SECRET})(f"it said {SECRET[:-2]}") == "it said [redacted]"


def test_each_line_of_a_key_is_hidden() -> None:
    key = (
        "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nZZZZowIBAAKCAQEA\n-----END PRIVATE KEY-----"
    )

    assert "AKCAQEA" not in cleaner({"TLS_KEY": key})("bad line: ZZZZowIBAAKCAQEA")


def test_what_is_looked_at_keeps_its_name() -> None:
    clean = cleaner({"POSTGRES_PASSWORD": "postgres"}, public="orders postgres:16")

    assert clean("docker logs postgres") == "docker logs postgres"


@pytest.mark.parametrize("reason", ["No such file or directory", "permission denied"])
@pytest.mark.parametrize("name", ["config/master_key", "/run/secrets/db_password", "API_TOKEN"])
def test_what_the_system_says_of_a_file_is_no_secret(name: str, reason: str) -> None:
    line = f"cannot open {name}: {reason} (os error 2)"

    assert cleaner(NOTHING, [line])(f"{line}; {reason}") == f"{line}; {reason}"


@pytest.mark.parametrize(
    "form",
    [
        'password: "x: permission denied {}"',
        "password: {} permission denied",
        "authorization: permission denied {}",
    ],
)
def test_a_secret_beside_what_the_system_says_is_hidden(form: str) -> None:
    assert SECRET not in hidden(form.format(SECRET))


def test_a_mark_in_a_text_brings_nothing_back() -> None:
    text = f"none \0{0}\0 password: {SECRET} none \0{99999}\0"

    assert SECRET not in hidden(text)


def test_short_values_are_hidden_as_words_only() -> None:
    assert cleaner({"DB_PASS": "appl"})("appl is no apple") == "[redacted] is no apple"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "DB_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "API_KEY",
            "apikey",
            "JWT_SECRET",
            "Set-Cookie",
        ),
        *("GITHUB_TOKEN", "SENTRY_DSN", "REDISCLI_AUTH", "STRIPE_KEY", "refreshToken", "PASS"),
        *("SECRET_KEY_BASE", "SSH_PRIVATE", "PASSWORD_SALT", "session_id", "userPass", "pwd"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert redaction_rules.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD_FILE", "PATH", "KEYBOARD", "TOKENIZER", "MONKEY", "PWD", "key", "author"),
        *("PASSWORD_MIN_LENGTH", "token_count", "tokenCount", "max_tokens", "sort_key", "compass"),
        *("COOKIE_DOMAIN", "TOKEN_TTL", "secret_name", "public_key", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_names_of_no_secrets(name: str) -> None:
    assert not redaction_rules.is_secret(name)


PARTS = [
    *("a", "eyJ", "eyJaaaaa.", "password", "password='", 'password=\\"', "secret_", "://a:", "a:"),
    *("bearer ", "basic ", "cookie: ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "\\", "'"),
    *("--a", "--password ", "mysql ", "mysql -", "curl -u ", "redis-cli -a", "<password>", "<a"),
    *("_key", "@", "://", "token,", ",a=", '"password":', "T/B", "1:AA", "0", "-", "_", "\n", "İ"),
    *("authorization: ", "token_a", "pass_", "gl-", "xoxb-"),
]


@pytest.mark.parametrize("part", PARTS)
def test_no_text_takes_long(part: str) -> None:
    """A text of four times the length takes about four times, not sixteen."""

    def seconds(length: int) -> float:
        text = "password ://@ -p </ bearer basic key " + part * (length // len(part))
        began = time.process_time()
        redaction_rules.in_text(text)
        shown_in(text)
        return time.process_time() - began

    short = min(seconds(6_000) for _ in range(3))

    assert min(seconds(24_000) for _ in range(3)) < 10 * short + 0.05


def test_every_text_of_a_document_is_cleaned() -> None:
    found = cleaned({"a": ["\x1b[1m", ("x", 1)], "b": None}, cleaner(NOTHING))

    assert found == {"a": ["\\x1b[1m", ["x", 1]], "b": None}


def test_dots_that_stand_for_a_value_are_shown() -> None:
    clean = cleaner({"API_KEY": "hunter2-hunter2"})

    assert clean("docker run -e API_KEY=... orders") == "docker run -e API_KEY=... orders"
    assert "hunter" not in clean("API_KEY=hunter2-hunter2")
    assert "x8" not in clean("API_KEY=...x8x8x8x8")
