"""Copies get plain values where those of a container may not be read."""

import pytest
from recorded import case

from examples import SERVER, STARTED, said
from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.other_values import other_values


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("REDIS_PORT", "tcp://172.17.0.2:6379", ["6379"]),
        ("PORT", ":8080", ["8080"]),
        ("PORT", "", ["8080"]),
        ("MAX_CONNECTIONS", "ten", ["1"]),
        ("CACHE_SIZE", "512Mi", ["512"]),
        ("READ_TIMEOUT", "30s", ["30"]),
        ("LISTEN", "localhost:8080", ["127.0.0.1:8080", "8080"]),
        ("BIND", "localhost", ["127.0.0.1"]),
        ("DEBUG", "True", ["true"]),
        ("TLS", "on", ["true", "1"]),
        ("APP_CONFIG", "{'port': 8080}", ["{}"]),
        ("ORIGINS", "[a", ["[]"]),
        *((name, value, []) for name, value in [
            ("PORT", "8080"), ("TIMEOUT", "-1"), ("MYSQL_DB", "orders"), ("LISTEN", "0.0.0.0"),
            ("REDIS_PORT_6379_TCP_PROTO", "tcp"), ("APP_CONFIG", '{"port": 1}'), ("DEBUG", "true"),
            ("GREETING", "hello"), ("DATABASE_URL", "postgres://db/x"), ("TLS", "0"),
        ]),
    ],
)  # fmt: skip
def test_a_value_that_is_no_number_no_address_or_no_json_is_replaced(
    name: str, value: str, plain: list[str]
) -> None:
    of = case(config={"env": {name: value, "OTHER": "x"}})
    factors = list(other_values(of))

    assert [factor.config.env[name] for factor in factors] == plain
    assert all(factor.config.env["OTHER"] == "x" for factor in factors)


def test_what_the_image_sets_itself_is_left() -> None:
    env = {"CACHE_SIZE": "512Mi"}

    assert not list(other_values(case(config={"env": env}, image=Image(env=env))))


def test_another_word_for_yes_proves_nothing_and_a_number_does() -> None:
    env = {"TLS": "yes", "PORT": "http"}
    proofs = {f.name: f.cure.proves for f in other_values(case(config={"env": env})) if f.cure}

    assert proofs == {"TLS=true": False, "TLS=1": False, "PORT=8080": True}


@pytest.mark.parametrize("words", ["Illegal number: auto", "auto: integer expected"])
def test_a_shell_that_compares_no_number_is_given_a_wrong_value(words: str) -> None:
    found = judge(case(**said(f"/s.sh: 3: [: {words}", config={"env": {"WORKERS": "auto"}})))

    assert (found.cause, found.verdict) == ("config-malformed", "proven"), found
    assert "WORKERS is 'auto'" in found.text


def test_what_is_to_be_json_is_not_repeated() -> None:
    env = {"CONFIG": '{"dsn": "hunter22"', "WORKERS": "ten"}
    texts = [f.cure.text for f in other_values(case(config={"env": env})) if f.cure]

    assert texts == [
        "the program does not take the value that CONFIG has",
        "the program does not take the value 'ten' of WORKERS",
    ]


@pytest.mark.parametrize(
    ("call", "image", "is_tried"),
    [
        ("", "file:///var/archive", True),
        ("C\t1\t7\t7\topenat\t-2\tp=/etc/x\tx=0\n", "file:///var/archive", False),
        ("C\t1\t7\t7\tresolve\t0\tn=archive\n", "file:///var/archive", False),
        ("", "s3://archive/eu", False),
        ("", "", False),
    ],
    ids=["silent", "a missing file", "a peer", "the same", "none of the image"],
)
def test_the_value_that_the_image_has_is_tried_where_nothing_else_is_known(
    call: str, image: str, *, is_tried: bool
) -> None:
    env, theirs = {"STORE_URL": "s3://archive/eu"}, {"STORE_URL": image} if image else {}
    trace = f"{STARTED}{call}X\t2\t7\t69\t0"
    of = case(files=SERVER, exit_code=69, trace=trace, config={"env": env}, image=Image(env=theirs))
    values = [factor.config.env["STORE_URL"] for factor in other_values(of)]

    assert values == ([image] if is_tried else [])
