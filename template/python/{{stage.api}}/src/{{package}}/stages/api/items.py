"""An example resource, kept in memory. Read it, then delete it: docs/stages/api.md says how."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import count, islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from .pagination import LARGEST_ID, Asked, Page, page

CAPACITY = 1000
"""The example must not fill the memory."""


class NewItem(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    quantity: int = Field(default=1, ge=0, le=1_000_000, strict=True)


class Item(NewItem):
    """What a client gets."""

    id: int


class Items:
    """Items by id, in the order in which they were added."""

    def __init__(self) -> None:
        self._by_id: dict[int, Item] = {}
        self._ids = count(1)

    def add(self, new: NewItem) -> Item:
        """Add an item; raise HTTPException if there are too many."""
        if len(self._by_id) >= CAPACITY:
            raise HTTPException(HTTPStatus.CONFLICT, f"there are {CAPACITY} items already")
        item = Item(id=next(self._ids), **new.model_dump())
        self._by_id[item.id] = item
        return item

    def get(self, item_id: int) -> Item:
        """Return an item; raise HTTPException if no item has that id."""
        if item_id not in self._by_id:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no item {item_id}")
        return self._by_id[item_id]

    def remove(self, item_id: int) -> None:
        """Remove an item; raise HTTPException if no item has that id."""
        del self._by_id[self.get(item_id).id]

    def after(self, item_id: int, most: int) -> list[Item]:
        """Return up to `most` items with a greater id."""
        return list(islice((item for item in self._by_id.values() if item.id > item_id), most))


def _items(request: Request) -> Items:
    items: Items = request.app.state.items
    return items


Store = Annotated[Items, Depends(_items)]
ItemId = Annotated[int, Path(ge=0, le=LARGEST_ID)]

reading = APIRouter(prefix="/v1/items", tags=["items"])
writing = APIRouter(prefix="/v1/items", tags=["items"])


@reading.get("")
async def list_items(request: Request, items: Store, asked: Asked) -> Page[Item]:
    """List the items, a page at a time."""
    found = items.after(asked.after, asked.limit + 1)
    return page(request, asked, found, lambda item: item.id)


@writing.post("", status_code=HTTPStatus.CREATED)
async def add_item(new: NewItem, items: Store, request: Request, response: Response) -> Item:
    """Add an item."""
    item = items.add(new)
    response.headers["Location"] = request.url_for("get_item", item_id=item.id).path
    return item


@reading.get("/{item_id}")
async def get_item(item_id: ItemId, items: Store) -> Item:
    """Return an item."""
    return items.get(item_id)


@writing.delete("/{item_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_item(item_id: ItemId, items: Store) -> None:
    """Remove an item."""
    items.remove(item_id)


def add_items(api: FastAPI, writers: Sequence[Any]) -> None:
    """Add the example to the API, with its own store; `writers` guard the routes that write."""
    api.state.items = Items()
    api.include_router(reading)
    api.include_router(writing, dependencies=writers)
