# ruff: noqa: ANN401 - the modules of a rendered service are known when the tests run
"""Keys and tokens in Python; what a token opens is in tests/conformance/test_tokens.py."""

from typing import Any

import jwt
import pytest
from conftest import Imported

SECRET = "k" * 32
SERVICE = "shop"


@pytest.fixture
def auth(imported: Imported) -> Any:
    return imported("runtime.tokens", "auth")


def test_the_first_key_signs_and_all_verify(auth: Any) -> None:
    one, two = auth.Key("one", SECRET), auth.Key("two", "z" * 32)
    token = auth.Tokens((one,), SERVICE, 60).issue("alice", (), "")
    rotated = auth.Tokens((two, one), SERVICE, 60)

    assert rotated.verify(token).name == "alice"
    assert jwt.get_unverified_header(rotated.issue("alice", (), ""))["kid"] == "two"


def test_keys_are_parsed_and_keep_their_secrets_to_themselves(auth: Any) -> None:
    keys = auth.parse_keys(f"a:{'x' * 32}, b:{'y' * 31}:")

    assert [key.id for key in keys] == ["a", "b"]
    assert keys[1].secret == "y" * 31 + ":"
    assert "xxx" not in repr(keys)


def test_a_key_for_one_process_is_new_each_time(auth: Any) -> None:
    assert auth.new_key().secret != auth.new_key().secret
    assert len(auth.new_key().secret) >= 32
