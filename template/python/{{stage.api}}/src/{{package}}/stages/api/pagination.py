"""Pages of a list: `?limit=` and `?after=`, and the link to the next page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

LARGEST = 100
LARGEST_ID = 2**53 - 1
"""The largest number that every client of JSON can read."""

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` is the link to the following part, or null at the end."""

    items: list[T]
    next: str | None


@dataclass
class Window:
    """The requested part: up to `limit` entries after the id `after`.

    Unlike a page number, an id keeps its place when entries are added and removed.
    """

    limit: Annotated[int, Query(ge=1, le=LARGEST)] = 20
    after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0


Asked = Annotated[Window, Depends()]


def page(
    request: Request, window: Window, found: Sequence[T], id_of: Callable[[T], int]
) -> Page[T]:
    """Build the page of `found`, where one entry more than the limit means that there is more."""
    shown = list(found[: window.limit])
    following = None
    if len(found) > len(shown):
        url = request.url.include_query_params(limit=window.limit, after=id_of(shown[-1]))
        following = f"{url.path}?{url.query}"
    return Page(items=shown, next=following)
