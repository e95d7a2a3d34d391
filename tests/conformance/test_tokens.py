"""The pitfalls of RFC 8725: a token proves something only when all of it is right."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import people
import pytest
from client import Client, Reply
from conftest import MakeProgram
from people import ME, bearer

TYPE = "at+jwt"
SECRET = "k" * 32
OTHER = "z" * 32
SERVICE = "orders"
HEADER: dict[str, Any] = {"kid": "one", "typ": TYPE}

# An RSA public key that is no secret: as an HMAC secret it must not verify anything.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf
9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
"""


@pytest.fixture(scope="module")
def client(program: MakeProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A service whose keys are known here, and which knows alice."""
    path = tmp_path_factory.mktemp("users") / "users.json"
    people.add(program("auth"), path, "alice", "a", "b")
    with program("auth").start(
        AUTH_USERS_FILE=str(path), AUTH_KEYS=f"one:{SECRET},two:{OTHER}"
    ) as run:
        yield Client(run.port)


def claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    right = {"iss": SERVICE, "aud": SERVICE, "sub": "alice", "jti": "1", "scope": "a b"}
    return {**right, "iat": now, "exp": now + 60, **changes}


def signed(
    payload: dict[str, Any],
    secret: str = SECRET,
    algorithm: str = "HS256",
    header: dict[str, Any] | None = None,
) -> str:
    content = json.dumps(payload).encode()  # jwt.encode() would check the claims
    return jwt.api_jws.encode(content, secret, algorithm, HEADER if header is None else header)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def show(client: Client, token: str) -> Reply:
    return client.get(ME, {"Authorization": f"Bearer {token}"})


def reason(client: Client, token: str) -> str:
    """Return why a token is refused; the token is not repeated."""
    refusal = show(client, token)
    assert refusal.status == 401, refusal.text
    assert refusal.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert len(token) < 20 or token not in refusal.text
    return str(refusal.json()["detail"]).removeprefix("the token is refused: ")


INVALID = "it is not valid"
UNKNOWN = "it was signed with an unknown key, or is no access token"


def test_a_token_that_is_right_is_accepted(client: Client) -> None:
    assert show(client, signed(claims())).json() == {"name": "alice", "scopes": ["a", "b"]}
    assert show(client, signed(claims(scope="b c"))).json()["scopes"] == ["b"]
    unscoped = claims()
    del unscoped["scope"]
    assert show(client, signed(unscoped)).json()["scopes"] == []
    assert show(client, signed(claims(aud=["x", SERVICE], more={"a": 1}))).status == 200
    assert show(client, signed(claims(nbf=int(time.time())))).status == 200
    assert show(client, signed(claims(), OTHER, header={"kid": "two", "typ": TYPE})).status == 200


def test_the_header_names_the_key_and_the_type(client: Client) -> None:
    token = bearer(client)["Authorization"].removeprefix("Bearer ")

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt", "kid": "one"}
    found = jwt.decode(token, SECRET, ["HS256"], audience=SERVICE, issuer=SERVICE)
    assert found.keys() == {"iss", "aud", "sub", "scope", "iat", "exp", "jti", "credential"}
    assert (found["sub"], found["scope"], found["exp"] - found["iat"]) == ("alice", "a b", 900)
    assert len(found["jti"]) >= 16
    again = jwt.decode(bearer(client)["Authorization"][7:], options={"verify_signature": False})
    assert again["jti"] != found["jti"]
    assert again["credential"] == found["credential"]


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_without_a_signature_is_refused(
    client: Client, algorithm: str, signature: str
) -> None:
    header = {**HEADER, "alg": algorithm}
    assert reason(client, f"{encoded(header)}.{encoded(claims())}.{signature}") == INVALID


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS384", "HS512", "EdDSA", "hs256", "", 7])
def test_only_the_algorithm_of_the_service_counts(client: Client, algorithm: str | int) -> None:
    _, payload, signature = signed(claims()).split(".")
    header = {**HEADER, "alg": algorithm}
    assert reason(client, f"{encoded(header)}.{payload}.{signature}") == INVALID


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_even_a_right_key_with_another_algorithm_is_refused(client: Client, algorithm: str) -> None:
    assert reason(client, signed(claims(), algorithm=algorithm)) == INVALID


def test_a_key_of_another_kind_verifies_nothing(client: Client) -> None:
    header = {**HEADER, "alg": "RS256", "jwk": {"kty": "oct", "k": encoded({})}, "x5u": "x"}
    assert reason(client, f"{encoded(header)}.{encoded(claims())}.AAAA") == INVALID


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "aud", "iss", "jti"])
def test_every_claim_has_to_be_there(client: Client, claim: str) -> None:
    payload = claims()
    del payload[claim]
    assert reason(client, signed(payload)) == INVALID
    assert reason(client, signed(claims(**{claim: None}))) == INVALID


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another"},
    "no audience": {"aud": []},
    "audience of a number": {"aud": 7},
    "another issuer": {"iss": "another"},
    "many issuers": {"iss": [SERVICE]},
    "never": {"exp": "never"},
    "later": {"iat": 600},
    "later as text": {"iat": "x"},
    "not yet": {"nbf": 600},
    "not yet as text": {"nbf": "x"},
    "no text": {"sub": 7},
}


@pytest.mark.parametrize("change", WRONG)
def test_every_claim_has_to_be_right(client: Client, change: str) -> None:
    now = int(time.time())
    moved = {
        name: now + value if name in ("iat", "nbf") and isinstance(value, int) else value
        for name, value in WRONG[change].items()
    }
    assert reason(client, signed(claims(**moved))) == INVALID


@pytest.mark.parametrize("ago", [6, 60, 10**9])
def test_an_expired_token_is_named_as_such(client: Client, ago: int) -> None:
    assert reason(client, signed(claims(exp=int(time.time()) - ago))) == "it has expired"


def test_clocks_may_differ_a_little(client: Client) -> None:
    now = int(time.time())
    assert show(client, signed(claims(exp=now - 2, iat=now + 2))).status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "three", "typ": TYPE},
        {"kid": "", "typ": TYPE},
        {"kid": "../one", "typ": TYPE},
        {"typ": TYPE},
        {"kid": "one"},
        {"kid": "one", "typ": "JWT"},
        {"kid": "one", "typ": "AT+JWT"},
        {"kid": "one", "typ": None},
    ],
    ids=str,
)
def test_an_unknown_key_or_another_type_is_refused(client: Client, header: dict[str, Any]) -> None:
    assert reason(client, signed(claims(), header=header)) == UNKNOWN


@pytest.mark.parametrize("kid", [1, ["one"], {"one": 1}, True])
def test_a_key_id_that_is_no_text_is_refused(client: Client, kid: object) -> None:
    header = {"alg": "HS256", "kid": kid, "typ": TYPE}
    assert reason(client, f"{encoded(header)}.{encoded(claims())}.AAAA") in (UNKNOWN, INVALID)


def test_an_extension_that_has_to_be_understood_is_refused(client: Client) -> None:
    header = {**HEADER, "crit": ["exp"], "exp": 1}
    assert reason(client, signed(claims(), header=header)) == INVALID


@pytest.mark.parametrize("secret", ["x" * 32, SECRET[:-1] + "K", SECRET + "k", OTHER])
def test_another_secret_is_refused(client: Client, secret: str) -> None:
    assert reason(client, signed(claims(), secret)) == INVALID


def test_a_changed_token_is_refused(client: Client) -> None:
    header, payload, signature = signed(claims()).split(".")
    changed = [
        f"{header}.{encoded(claims(sub='root'))}.{signature}",
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}.{signature}",
    ]
    assert {reason(client, token) for token in changed} <= {INVALID, UNKNOWN}


NESTED = base64.urlsafe_b64encode(b"[" * 30_000).decode()


@pytest.mark.parametrize(
    "token",
    [".", "..", "...", "a.b.c", "a" * 10_000, '{"a": 1}', pytest.param(f"{NESTED}.e30.", id="[")],
)
def test_what_is_no_token_is_refused(client: Client, token: str) -> None:
    assert reason(client, token) == INVALID
