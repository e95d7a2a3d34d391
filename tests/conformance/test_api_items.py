"""The example resource, in each language."""

from collections.abc import Iterator

import pytest
from client import Client
from conftest import MakeProgram

ITEMS = "/api/v1/items"
LARGEST_ID = 2**53 - 1


@pytest.fixture
def client(program: MakeProgram) -> Iterator[Client]:
    with program("api").start() as run:
        yield Client(run.port)


def test_an_item_can_be_added_read_and_removed(client: Client) -> None:
    added = client.post(ITEMS, {"name": "pen", "quantity": 3})
    place = added.headers["location"]

    assert (added.status, place) == (201, f"{ITEMS}/1")
    assert added.json() == {"id": 1, "name": "pen", "quantity": 3}
    assert client.get(place).json() == added.json()
    removed = client.delete(place)
    assert (removed.status, removed.body) == (204, b"")
    assert client.get(place).status == 404
    assert client.delete(place).json()["detail"] == "there is no item 1"
    assert client.post(ITEMS, {"name": "pen"}).json() == {"id": 2, "name": "pen", "quantity": 1}


def test_a_list_comes_in_pages_that_link_to_the_next(client: Client) -> None:
    for number in range(5):
        client.post(ITEMS, {"name": f"item {number}"})
    names = []
    link = f"{ITEMS}?limit=2"
    while link:
        page = client.get(link).json()
        names.append([item["name"] for item in page["items"]])
        link = page["next"]

    assert names == [["item 0", "item 1"], ["item 2", "item 3"], ["item 4"]]


def test_a_full_last_page_links_to_nothing(client: Client) -> None:
    for number in range(2):
        client.post(ITEMS, {"name": f"item {number}"})

    assert client.get(f"{ITEMS}?limit=2").json()["next"] is None


def test_a_link_keeps_what_else_was_asked_for(client: Client) -> None:
    for number in range(3):
        client.post(ITEMS, {"name": f"item {number}"})
    following = client.get(f"{ITEMS}?q=a%20b%26c&after=0&limit=1&q=%C3%A9").json()["next"]

    assert following == f"{ITEMS}?q=a+b%26c&q=%C3%A9&limit=1&after=1"


def test_pages_do_not_shift_when_earlier_items_go(client: Client) -> None:
    for number in range(4):
        client.post(ITEMS, {"name": f"item {number}"})
    following = client.get(f"{ITEMS}?limit=2").json()["next"]
    client.delete(f"{ITEMS}/1")

    assert [item["id"] for item in client.get(following).json()["items"]] == [3, 4]


def test_what_cannot_be_is_refused(client: Client) -> None:
    for query in (
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=",
        "after=-1",
        "after=9007199254740992",
    ):
        refusal = client.get(f"{ITEMS}?{query}")
        assert (query, refusal.status) == (query, 422)
        assert list(refusal.errors()) == [query.partition("=")[0]]
    assert list(client.get(f"{ITEMS}?limit=0&after=x").errors()) == ["limit", "after"]
    for place in ("x", "-1", "1.5", str(LARGEST_ID + 1), "9" * 40):
        assert list(client.get(f"{ITEMS}/{place}").errors()) == ["item_id"]
    for item in (
        {"name": ""},
        {"name": "x" * 101},
        {"name": 7},
        {"name": None},
        {"name": "x", "quantity": -1},
        {"name": "x", "quantity": 1_000_001},
        {"name": "x", "quantity": 10**30},
        {"name": "x", "quantity": "1"},
        {"name": "x", "quantity": 1.0},
        {"name": "x", "quantity": True},
        {"name": "x", "quantity": None},
    ):
        refusal = client.post(ITEMS, item)
        assert (item, refusal.status) == (item, 422)
        assert list(refusal.errors()) == [f"#/{list(item)[-1]}"]


def test_what_just_fits_is_accepted(client: Client) -> None:
    assert client.get(f"{ITEMS}?limit=100&after={LARGEST_ID}").json() == {"items": [], "next": None}
    assert client.get(f"{ITEMS}?limit=0&limit=1").status == 200, "the last one counts"
    assert client.get(f"{ITEMS}/{LARGEST_ID}").status == 404
    for item in ({"name": "é" * 100, "quantity": 0}, {"quantity": 1_000_000, "name": "x"}):
        assert client.post(ITEMS, item).status == 201


def test_the_store_has_a_limit(client: Client) -> None:
    statuses = [client.post(ITEMS, {"name": "x"}).status for _ in range(1001)]

    assert statuses == [201] * 1000 + [409]
    assert client.post(ITEMS, {"name": "x"}).json()["detail"] == "there are 1000 items already"
    client.delete(f"{ITEMS}/500")
    assert client.post(ITEMS, {"name": "x"}).json()["id"] == 1001


def test_links_begin_with_the_path_at_which_a_proxy_serves(program: MakeProgram) -> None:
    with program("api").start(ROOT_PATH="/shop") as run:
        client = Client(run.port)
        for path in (ITEMS, f"/shop{ITEMS}"):
            client.post(path, {"name": "x"})
            place = client.post(path, {"name": "x"}).headers["location"]
            assert place.startswith(f"/shop{ITEMS}/")
            assert client.get(f"{path}?limit=1").json()["next"].startswith(f"/shop{ITEMS}?limit=1")
