"""Resources of `add-resource`: what clients send is kept, and what is wrong with it is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import people
import pytest
import running
import rust_services
from client import Client
from conftest import MakeService, git, viscaffold
from people import KEYS, bearer
from running import Program

if TYPE_CHECKING:
    from postgresql_server import Server

FIELDS = ("color:string", "note:text?", "price:int", "weight:float", "sold:bool", "at:datetime",
          "day:date?", "order:bool?", "tag:string?:unique", "serial:int?:unique",
          "since:datetime?:unique", "due:date?:unique", "code:uuid?:unique")  # fmt: skip
PENS = "/api/v1/pens"
PEN: dict[str, Any] = {
    "color": "\U0001f58b" * 100,
    "price": 2**53 - 1,
    "weight": 2.5,
    "sold": False,
    "at": "2026-11-28T12:00:00.5+02:00",
}
NULLS = dict.fromkeys(("note", "day", "order", "tag", "serial", "since", "due", "code"))
KEPT = {**PEN, **NULLS, "id": 1, "at": "2026-11-28T10:00:00.500000Z"}
OTHER = {
    **PEN,
    "note": "",
    "price": 1 - 2**53,
    "at": "1969-12-31T23:59:59Z",
    "day": "2026-02-28",
    "order": True,
    "tag": "x",
    "serial": 7,
    "since": "0001-01-01T00:00:00.000001Z",
    "due": "9999-12-31",
    "code": "7cbf4d4e-6d8f-4f0e-9d3b-0c8f6d1f3a52",
}
SAME = {"since": "0001-01-01T01:00:00.000001+01:00", "code": OTHER["code"].upper()}
"""Other ways to write what `OTHER` has."""

STAGES = {"memory": ("api",), "sqlite": ("api", "auth", "database")}
STAGES["postgresql"] = STAGES["sqlite"]
OWN_TESTS = ("test", "--test", "pens")
LINT = ("clippy", "--all-targets", "--quiet", "--", "-D", "warnings")


def written(service: MakeService, stages: tuple[str, ...], language: str) -> Path:
    root = service(*stages, language=language)
    ran = viscaffold("add-resource", "pen", *FIELDS)
    assert ran.code == 0, ran.err
    return root


def files(root: Path) -> dict[str, str]:
    """Return what the resource wrote into a service, and changed in it."""
    paths = git(root, "diff", "--staged", "--name-only").split()
    return {path: (root / path).read_text(encoding="utf-8") for path in paths}


def program(service: MakeService, stages: tuple[str, ...], language: str) -> Program:
    """Return a service with pens; in Rust, it is built with its own tests of them, which pass."""
    root = written(service, stages, language)
    if language == "python":
        return running.python(root)
    binary = rust_services.binary(stages, files(root), variant="resource", command=OWN_TESTS)
    return running.rust(binary)


@pytest.fixture(params=["python", "rust"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=STAGES)
def client(
    request: pytest.FixtureRequest, service: MakeService, language: str, tmp_path: Path
) -> Iterator[Client]:
    """A client of a service with pens, which are kept in each way."""
    made = program(service, STAGES[request.param], language)
    variables: dict[str, Any] = {
        "AUTH_KEYS": KEYS[0],
        "AUTH_USERS_FILE": str(tmp_path / "users.json"),
    }
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        variables |= {"DATABASE_URL": server.new_database("pens"), "DATABASE_MIGRATE": "true"}
    else:
        variables["DATABASE_URL"] = f"sqlite:{tmp_path}/pens.db"
    with made.start(**variables) as run:
        client = Client(run.port)
        if "auth" in STAGES[request.param]:
            refused = [client.post(PENS, PEN), client.put(f"{PENS}/1", PEN)]
            refused.append(client.delete(f"{PENS}/1"))
            assert [answer.status for answer in refused] == [401, 401, 401]
            typed = f"{people.PASSWORD}\n"
            added = people.manage(made, tmp_path / "users.json", "add", "alice", typed=typed,
                                  **variables)  # fmt: skip
            assert added[0] == 0, added
            client.headers = bearer(client)
        yield client


def test_a_resource(client: Client) -> None:
    """One service for all of it: the start takes longer than the requests."""
    added = client.post(PENS, PEN)
    place = added.headers["location"]
    assert (added.status, added.json(), place) == (201, KEPT, f"{PENS}/1")
    assert client.get(place).json() == KEPT
    replaced = client.put(place, OTHER)
    assert (replaced.status, replaced.json()) == (200, OTHER | {"id": 1})
    assert client.get(place).json() == OTHER | {"id": 1}

    assert [client.post(PENS, PEN).json()["id"] for _ in range(2)] == [2, 3]
    first = client.get(f"{PENS}?limit=2").json()
    second = client.get(first["next"]).json()
    assert [pen["id"] for pen in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next"] is None

    removed = client.delete(place)
    assert (removed.status, removed.body) == (204, b"")
    for missing in (client.get(place), client.delete(place), client.put(place, OTHER)):
        assert (missing.status, missing.json()["detail"]) == (404, "there is no pen 1")
    assert client.get(f"{PENS}/{2**53 - 1}").status == 404
    assert client.get(f"{PENS}/{2**53}").status == 422

    for field, wrong in {
        "color": ("", "x" * 101, 1, None),
        "note": ("x" * 10_001, 1),
        "price": (2**53, -(2**53), 1.5, "1", True, None),
        "weight": ("1", True, None),
        "sold": (1, "true", None),
        "at": ("2026-11-28T12:00:00", "0001-01-01T00:00:00+14:00", "yesterday", None),
        "day": ("2026-02-29", "x"),
        "code": ("x", "7cbf4d4e"),
        "order": (0, "true"),
        "other": (1,),
    }.items():
        for value in wrong:
            for refused in (
                client.post(PENS, PEN | {field: value}),
                client.put(f"{PENS}/2", PEN | {field: value}),
            ):
                assert refused.status == 422, (field, value, refused.body)
                assert [error["pointer"] for error in refused.json()["errors"]] == [f"#/{field}"]
    assert client.get(f"{PENS}/2").json() == KEPT | {"id": 2}


def test_what_only_one_may_have(client: Client) -> None:
    taken = ("tag", "serial", "since", "due", "code")
    one, another = (client.post(PENS, new).headers["location"] for new in (OTHER, PEN))
    before = client.get(another).json()

    for field in taken:
        same = PEN | {field: SAME.get(field, OTHER[field])}
        for refused in (client.post(PENS, same), client.put(another, same)):
            assert refused.status == 409, (field, refused.text)
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["detail"] == "another pen has a value that only one may have"
    assert client.get(another).json() == before
    assert client.put(one, OTHER).status == 200
    assert client.post(PENS, PEN).status == 201
    assert client.put(f"{PENS}/9", OTHER).status == 404


@pytest.mark.parametrize("stages", [STAGES["memory"], STAGES["sqlite"]])
def test_in_rust_it_is_as_clean_as_the_service(
    service: MakeService, stages: tuple[str, ...]
) -> None:
    made = files(written(service, stages, "rust"))
    directory = rust_services.sources(stages, made, variant="resource", sharing=True)

    rust_services.cargo(directory, "fmt", "--check")
    rust_services.cargo(directory, *LINT)
