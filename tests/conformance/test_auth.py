"""Logging in, and what a token opens: in each language."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin

import people
import pytest
from client import FORM, Client
from conftest import MakeProgram
from people import KEYS, ME, PASSWORD, TOKEN, USERS, bearer, log_in
from running import Program, Run

ITEMS = "/api/v1/items"
PROBLEM = "application/problem+json"
OTHER_HASH = "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
WRONG_KEYS = {
    "": "AUTH_KEYS is empty",
    f"{KEYS[0]},": "key 2 has no id",
    "x" * 40: "key 1 has no id",
    f"a b:{'x' * 32}": "key 1 has no id",
    f"{'a' * 33}:{'x' * 32}": "key 1 has no id",
    f"{KEYS[0]},a:{'x' * 31}": "the secret of key 2 is too short",
    f"a:ssh-rsa {'x' * 40}": "the secret of key 1 is too short, or of another kind",
    f"a:-----BEGIN PUBLIC KEY-----\n{'x' * 40}\n-----END PUBLIC KEY-----": (
        "the secret of key 1 is too short, or of another kind"
    ),
    f"a:{'x' * 32},a:{'y' * 32}": "a different id for each",
}


@pytest.fixture
def shop(program: MakeProgram) -> Program:
    return program("auth")


@pytest.fixture(scope="module")
def known() -> dict[str, bytes]:
    """The file of users that each language has written, once."""
    return {}


@pytest.fixture
def path(shop: Program, known: dict[str, bytes], tmp_path: Path) -> Path:
    """The users of the service: alice, and bob, who may read the users."""
    path = tmp_path / "users.json"
    if shop.language not in known:
        people.add(shop, path, "alice")
        people.add(shop, path, "bob", "users:read")
        known[shop.language] = path.read_bytes()
    path.write_bytes(known[shop.language])
    return path


@pytest.fixture
def run(shop: Program, path: Path) -> Iterator[Run]:
    with shop.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=KEYS[0]) as started:
        yield started


@pytest.fixture
def client(run: Run) -> Client:
    return Client(run.port)


def test_a_user_gets_a_token_that_opens_a_protected_route(client: Client) -> None:
    granted = log_in(client)

    assert granted.status == 200
    assert granted.headers["cache-control"] == "no-store"
    assert granted.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert granted.json()["token_type"] == "bearer"
    assert granted.json()["expires_in"] == 900
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    assert client.get(ME, headers).json() == {"name": "alice", "scopes": []}


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(client: Client) -> None:
    wrong, unknown = log_in(client, password="wrong"), log_in(client, "nobody")

    assert wrong.status == unknown.status == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == "invalid_grant"
    assert wrong.headers["content-type"] == PROBLEM
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert wrong.headers["cache-control"] == "no-store"


def test_neither_names_nor_passwords_reach_the_log(client: Client, run: Run) -> None:
    log_in(client, "alice", "secret typed as password")
    log_in(client, "secret typed as name", "x")
    run.wait_for_line("failed login from 127.0.0.1")

    assert "secret" not in run.log()
    assert "argon2" not in run.log()


def test_without_a_token_a_protected_route_asks_for_one(client: Client) -> None:
    refusal = client.get(ME)

    assert refusal.status == 401
    assert refusal.headers["www-authenticate"] == "Bearer"
    assert refusal.headers["content-type"] == PROBLEM


def test_only_a_bearer_token_in_its_header_counts(client: Client) -> None:
    token = bearer(client)["Authorization"].removeprefix("Bearer ")
    accepted = [f"bearer {token}", f"BEARER  {token}", f"Bearer {token} "]
    refused = ["x.y.z", token, f"Basic {token}", f"Bearer\t{token}", f"Bearer{token}", ""]
    invalid = ["Bearer", "Bearer ", "Bearer x.y.z", f"Bearer {token} x", f"Bearer {token}x"]

    for header in accepted:
        assert client.get(ME, {"Authorization": header}).status == 200, header
    for header in refused:
        refusal = client.get(ME, {"Authorization": header})
        assert (refusal.status, refusal.headers["www-authenticate"]) == (401, "Bearer"), header
    for header in invalid:
        refusal = client.get(ME, {"Authorization": header})
        assert refusal.status == 401, header
        assert refusal.headers["www-authenticate"] == 'Bearer error="invalid_token"', header
    assert client.get(f"{ME}?access_token={token}").status == 401


def test_a_route_can_ask_for_a_scope(client: Client) -> None:
    refusal = client.get(USERS, bearer(client, "alice"))

    assert client.get(USERS, bearer(client, "bob")).json() == ["alice", "bob"]
    assert refusal.status == 403
    assert refusal.json()["detail"] == "the token lacks users:read"
    assert refusal.json()["error"] == "insufficient_scope"
    challenge = 'Bearer error="insufficient_scope", scope="users:read"'
    assert refusal.headers["www-authenticate"] == challenge


def test_fewer_scopes_can_be_asked_for_but_not_more(client: Client) -> None:
    assert log_in(client, "bob").json()["scope"] == "users:read"
    assert log_in(client, "bob", scope="users:read").json()["scope"] == "users:read"
    assert log_in(client, "bob", scope="  ").json()["scope"] == "users:read"
    refusal = log_in(client, "alice", scope="users:read")

    assert refusal.status == 400
    assert refusal.json()["error"] == "invalid_scope"
    assert refusal.headers["cache-control"] == "no-store"


def test_changes_of_users_count_at_once(client: Client, shop: Program, path: Path) -> None:
    alice, bob = bearer(client, "alice"), bearer(client, "bob")
    assert log_in(client, "carol").status == 401
    people.add(shop, path, "carol")
    path.write_text(path.read_text(encoding="utf-8").replace('"users:read"', ""), encoding="utf-8")
    assert people.manage(shop, path, "remove", "alice")[0] == 0

    assert log_in(client, "carol").status == 200
    assert client.get(USERS, bob).status == 403, "a scope that was taken away"
    assert client.get(ME, bob).json() == {"name": "bob", "scopes": []}
    refusal = client.get(ME, alice)
    assert (refusal.status, refusal.json()["detail"]) == (
        401,
        "the token is refused: its user was removed",
    )


def test_a_token_is_bound_to_the_password_that_it_was_issued_for(
    client: Client, shop: Program, path: Path
) -> None:
    alice, bob = bearer(client, "alice"), bearer(client, "bob")
    assert people.manage(shop, path, "remove", "alice")[0] == 0
    people.add(shop, path, "alice")
    people.add(shop, path, "bob", "users:read")

    for old in (alice, bob):
        refusal = client.get(ME, old)
        assert (refusal.status, refusal.json()["detail"]) == (
            401,
            "the token is refused: its user has a new password",
        )
    assert client.get(ME, bearer(client, "alice")).status == 200


def test_failed_logins_have_to_wait_longer_and_longer(client: Client, run: Run) -> None:
    answers = [log_in(client, password="wrong") for _ in range(7)]
    right = log_in(client)

    assert [answer.status for answer in answers] == [401] * 5 + [429] * 2
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["cache-control"] == "no-store"
    assert answers[-1].headers["content-type"] == PROBLEM
    assert right.status == 429, "the right password has to wait, too"
    assert log_in(client, "bob").status == 200, "but not another user"
    assert "too many failed logins from 127.0.0.1; the next one may come in 1 s" in run.log()


def test_many_failed_logins_at_once_are_no_way_around_the_limit(client: Client) -> None:
    start = threading.Barrier(12)

    def attempt(_: int) -> int:
        start.wait()
        return log_in(client, password="wrong").status

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(attempt, range(12)))

    assert statuses.count(401) == 5
    assert statuses.count(429) == 7


def test_an_address_that_tries_many_users_has_to_wait(client: Client) -> None:
    statuses = [log_in(client, f"user{number}", "wrong").status for number in range(23)]

    assert statuses == [401] * 20 + [429] * 3
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}  # this machine is a trusted proxy
    assert log_in(client, "bob", headers=elsewhere).status == 200


def test_an_unknown_proxy_is_named_once(shop: Program, path: Path) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.7"}
    with shop.start(AUTH_USERS_FILE=str(path), FORWARDED_ALLOW_IPS="10.0.0.1") as run:
        for _ in range(2):
            log_in(Client(run.port), "a", "b", headers=forwarded)
        run.wait_for_line("failed login from 127.0.0.1")

        named = "logins come through a proxy at 127.0.0.1 that FORWARDED_ALLOW_IPS does not name"
        assert run.log().count(named) == 1


def test_a_known_proxy_is_believed(client: Client, run: Run) -> None:
    log_in(client, "nobody", "x", headers={"X-Forwarded-For": "192.0.2.7"})
    run.wait_for_line("failed login from 192.0.2.7")

    assert "FORWARDED_ALLOW_IPS" not in run.log()


def test_keys_can_be_rotated_without_logging_anybody_out(
    client: Client, shop: Program, path: Path
) -> None:
    old = bearer(client)
    with shop.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=",".join(reversed(KEYS))) as both:
        new = bearer(Client(both.port))
        assert Client(both.port).get(ME, old).status == 200
    with shop.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=KEYS[1]) as only_new:
        assert Client(only_new.port).get(ME, new).status == 200
        refusal = Client(only_new.port).get(ME, old)

    assert refusal.status == 401
    assert "signed with an unknown key" in refusal.json()["detail"]


def test_without_keys_a_process_has_its_own_and_says_so(
    client: Client, shop: Program, path: Path
) -> None:
    with (
        shop.start(AUTH_USERS_FILE=str(path)) as one,
        shop.start(AUTH_USERS_FILE=str(path)) as other,
    ):
        headers = bearer(Client(one.port))

        assert "WARNING" in one.log()
        assert (
            "AUTH_KEYS is not set: tokens are signed with a key of this process only" in one.log()
        )
        assert Client(one.port).get(ME, headers).status == 200
        assert Client(other.port).get(ME, headers).status == 401
        assert client.get(ME, headers).status == 401


def test_tokens_last_as_long_as_is_said(shop: Program, path: Path) -> None:
    with shop.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=KEYS[0], AUTH_TOKEN_SECONDS="10") as run:
        assert log_in(Client(run.port)).json()["expires_in"] == 10


def test_keys_that_are_no_text_are_refused(shop: Program) -> None:
    with shop.start(ready=False, AUTH_KEYS=f"a:{'x' * 40}\udcff") as run:
        assert run.wait() == 78
        assert "setting AUTH_KEYS is " in run.log()
        assert "xxx" not in run.log()


@pytest.mark.parametrize("keys", WRONG_KEYS)
def test_bad_keys_are_named_by_place_without_their_secrets(shop: Program, keys: str) -> None:
    with shop.start(ready=False, AUTH_KEYS=keys, AUTH_TOKEN_SECONDS="9") as run:
        assert run.wait() == 78
        assert "setting AUTH_KEYS is " in run.log()
        assert WRONG_KEYS[keys] in run.log()
        assert "setting AUTH_TOKEN_SECONDS is '9': expected a whole number from 10 to" in run.log()
        assert "xxx" not in run.log()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "\xff",
        '{"users": 1}',
        '{"users": {"a": {}}}',
        '{"users": {"a": 7}}',
        '{"users": {"a": {"password": "hunter2", "scopes": []}}}',
        '{"users": {"a": {"password": "$argon2id$hunter2", "scopes": []}}}',
        '{"users": {"a": "hunter2"}}',
        '{"users": {"a": {"password": "x", "scopes": [], "more": 1}}}',
        f'{{"users": {{"a": {{"password": "{OTHER_HASH}", "scopes": []}}}}}}',
    ],
)
def test_a_damaged_file_of_users_is_named_and_not_repeated(
    shop: Program, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(content, encoding="latin-1")
    with shop.start(ready=False, AUTH_USERS_FILE=str(path)) as run:
        assert run.wait() == 78
        assert f"AUTH_USERS_FILE: {path} is damaged (" in run.log()
        assert "restore it, or remove it and add the users again" in run.log()
        assert "hunter2" not in run.log()


def test_a_file_of_users_that_is_damaged_later_is_a_problem_until_it_is_repaired(
    client: Client, run: Run, path: Path
) -> None:
    headers, content = bearer(client), path.read_bytes()
    path.write_text("{", encoding="utf-8")
    refusals = [log_in(client), client.get(ME, headers), client.post(ITEMS, {}, headers)]
    path.write_bytes(content)

    for refusal in refusals:
        assert refusal.status == 503
        assert refusal.headers["content-type"] == PROBLEM
        assert refusal.json()["detail"] == "the users cannot be read; the log says why"
    assert f"nobody can log in: {path} is damaged" in run.log()
    assert "Traceback" not in run.log()
    assert "panicked" not in run.log()
    assert log_in(client).status == 200


def test_a_service_without_users_says_how_to_add_one(shop: Program, tmp_path: Path) -> None:
    with shop.start(AUTH_USERS_FILE=str(tmp_path / "none" / "users.json")) as run:
        command = "orders auth" if shop.language == "rust" else "python -m orders auth"
        assert f"nobody can log in yet: {command} add NAME" in run.log()
        assert log_in(Client(run.port)).status == 401
    assert not (tmp_path / "none").exists()


def test_the_documentation_knows_how_to_log_in(shop: Program, path: Path) -> None:
    with shop.start(AUTH_USERS_FILE=str(path), API_DOCS="true") as run:
        document = Client(run.port).get("/api/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]
    paths = document["paths"]

    server = urljoin("http://testserver", document["servers"][0]["url"])
    place = urljoin(server, scheme["flows"]["password"]["tokenUrl"])
    assert place == f"http://testserver{TOKEN}"
    assert paths["/v1/me"]["get"]["security"] == [{"OAuth2PasswordBearer": []}]
    assert paths["/v1/users"]["get"]["security"] == [{"OAuth2PasswordBearer": ["users:read"]}]
    assert FORM in paths["/auth/token"]["post"]["requestBody"]["content"]
    for place, method in (("/v1/items", "post"), ("/v1/items/{item_id}", "delete")):
        assert paths[place][method]["security"] == [{"OAuth2PasswordBearer": []}]
        assert "security" not in paths[place]["get"]


def test_a_form_that_is_not_valid_is_a_problem_that_repeats_no_password(client: Client) -> None:
    wrong: dict[str, set[str]] = {
        "password=hunter2": {"#/username"},
        "username=&password=hunter2": {"#/username"},
        "username=alice": {"#/password"},
        "": {"#/username", "#/password"},
        "username=alice&password=hunter2&grant_type=client_credentials": {"#/grant_type"},
        "username=alice;password=hunter2": {"#/password"},
    }
    for form, pointers in wrong.items():
        refusal = client.ask("POST", TOKEN, form, {"Content-Type": FORM})
        assert (form, refusal.status) == (form, 422)
        assert set(refusal.errors()) == pointers
        assert "hunter2" not in refusal.text
    right = f"username=alice&password={PASSWORD.replace(' ', '+')}&grant_type=password&other=x"
    assert client.ask("POST", TOKEN, right, {"Content-Type": FORM}).status == 200
    for kind in ("application/json", "text/plain"):
        refusal = client.ask("POST", TOKEN, right, {"Content-Type": kind})
        assert set(refusal.errors()) == {"#/username", "#/password"}


def test_items_are_written_by_those_who_are_logged_in(client: Client) -> None:
    headers = bearer(client)

    assert client.post(ITEMS, {"name": "pen"}).status == 401
    assert client.post(ITEMS, {"wrong": "hunter2"}).status == 401, "no more is said"
    assert client.delete(f"{ITEMS}/x").status == 401
    assert client.post(ITEMS, {"name": "pen"}, headers).status == 201
    assert client.get(ITEMS).status == 200
    assert client.ask("DELETE", f"{ITEMS}/1", headers=headers).status == 204
