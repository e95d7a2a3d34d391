"""Resources of `add-resource`: what clients send is kept, and what is wrong with it is said."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from client import Client
from conftest import MakeService, viscaffold
from running import python

if TYPE_CHECKING:
    from postgresql_server import Server

FIELDS = ("color:string", "note:text?", "price:int", "weight:float", "sold:bool", "at:datetime",
          "day:date?", "code:uuid?")  # fmt: skip
PENS = "/api/v1/pens"
PEN: dict[str, Any] = {
    "color": "\U0001f58b" * 100,
    "price": 2**53 - 1,
    "weight": 2.5,
    "sold": False,
    "at": "2026-11-28T12:00:00.5+02:00",
}
KEPT = PEN | {
    "id": 1, "at": "2026-11-28T10:00:00.500000Z", "note": None, "day": None, "code": None
}  # fmt: skip
OTHER = {
    **PEN,
    "note": "",
    "price": 1 - 2**53,
    "at": "1969-12-31T23:59:59Z",
    "day": "2026-02-28",
    "code": "7cbf4d4e-6d8f-4f0e-9d3b-0c8f6d1f3a52",
}


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, service: MakeService) -> Iterator[Client]:
    """A client of a service with pens, which are kept in each way."""
    variables: dict[str, Any] = {}
    root = service("api", *(["database"] if request.param != "memory" else []))
    ran = viscaffold("add-resource", "pen", *FIELDS)
    assert ran.code == 0, ran.err
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        variables = {"DATABASE_URL": server.new_database("pens"), "DATABASE_MIGRATE": "true"}
    with python(root).start(**variables) as run:
        yield Client(run.port)


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
