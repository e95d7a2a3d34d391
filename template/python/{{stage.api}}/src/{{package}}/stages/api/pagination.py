"""Pages of a list: `?limit=` and `?after=`, and the link to the next page."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

LARGEST = 100

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` leads to the part after it, and is null at the end."""

    items: list[T]
    next: str | None


class Window(BaseModel):
    """Which part was asked for: up to `limit` entries that come after the id `after`.

    An id stays where it is while entries come and go, other than a page's number.
    """

    limit: int
    after: int


def _window(
    limit: Annotated[int, Query(ge=1, le=LARGEST)] = 20, after: Annotated[int, Query(ge=0)] = 0
) -> Window:
    return Window(limit=limit, after=after)


Asked = Annotated[Window, Depends(_window)]


def page(request: Request, window: Window, found: Sequence[T], last_id: int) -> Page[T]:
    """Build the page of `found`: up to one more than the limit, so as to know if there is more.

    `last_id` is the id of the last entry that the page shows.
    """
    shown = list(found[: window.limit])
    following = None
    if len(found) > window.limit:
        url = request.url.include_query_params(limit=window.limit, after=last_id)
        following = f"{url.path}?{url.query}"
    return Page(items=shown, next=following)
