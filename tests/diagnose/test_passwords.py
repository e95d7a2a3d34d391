"""Passwords in URLs that would have to be percent-encoded."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import case

from examples import SERVER
from scaffolder.diagnose.evidence.passwords import encoded
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.other_values import other_values


@pytest.mark.parametrize(
    ("value", "password"),
    [
        ("postgres://shop:a/b#c@db:5432/shop", "a%2Fb%23c"),
        ("amqp://shop:p@ss@mq", "p%40ss"),
        ("redis://:x?y@cache:6379/0", "x%3Fy"),
        ("mysql://shop:50%@db/shop", "50%25"),
        ("mysql://shop:a%2Fb/c@db/shop", "a%2Fb%2Fc"),
    ],
)
def test_a_password_is_encoded_and_nothing_else(value: str, password: str) -> None:
    before, _, rest = value.partition(":")
    user = rest.partition(":")[0].removeprefix("//")
    host = value.rpartition("@")[2]

    assert encoded(value) == f"{before}://{user}:{password}@{host}"


@pytest.mark.parametrize(
    "value",
    [
        "postgres://shop:secret@db:5432/shop",
        "postgres://shop:a%2Fb@db/shop",
        "http://registry:8080/@scope/name",
        "http://registry:8080@x/y",
        "postgres://db/shop",
        "file:///var/a@b",
        "shop:a/b@db",
        "http://host/a:b/c@d e",
        "a" * 5000 + "://u:a/b@db",
    ],
)
def test_what_is_no_such_url_is_left(value: str) -> None:
    assert encoded(value) == ""


@given(st.text(alphabet="aZ09/?#@%:[]!$", min_size=1))
def test_an_encoded_password_is_the_one_that_was_meant(password: str) -> None:
    found = encoded(f"postgres://shop:{password}@db:5432/shop")
    if found and "%" not in password:
        parts = urlsplit(found)

        assert (parts.hostname, parts.port, parts.path) == ("db", 5432, "/shop")
        assert unquote(parts.password or "") == password


def test_a_copy_gets_it_encoded_and_the_answer_does_not_show_it() -> None:
    env = {"DATABASE_URL": "postgres://shop:hunter2/x@db:5432/shop"}
    of = case(files=SERVER, exit_code=78, config={"env": env})
    (factor,) = other_values(of)
    found = judge(of)

    assert factor.config.env["DATABASE_URL"] == "postgres://shop:hunter2%2Fx@db:5432/shop"
    assert factor.cure
    assert factor.cure.cause == found.cause == "password-unencoded"
    assert "hunter2" not in f"{found.text}{found.fix}{found.evidence}"
