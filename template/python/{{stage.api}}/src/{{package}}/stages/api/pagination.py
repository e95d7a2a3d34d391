"""Pages of a list: `?limit=` and `?after=`, and the link to the next page."""

from collections.abc import Callable, Sequence
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

    Unlike the number of a page, an id keeps its place while entries come and go.
    """

    limit: int
    after: int


def _window(
    limit: Annotated[int, Query(ge=1, le=LARGEST)] = 20, after: Annotated[int, Query(ge=0)] = 0
) -> Window:
    return Window(limit=limit, after=after)


Asked = Annotated[Window, Depends(_window)]


def page(
    request: Request, window: Window, found: Sequence[T], id_of: Callable[[T], int]
) -> Page[T]:
    """Build the page of `found`: up to one entry more than the limit, which shows there is more."""
    shown = list(found[: window.limit])
    following = None
    if len(found) > len(shown):
        url = request.url.include_query_params(limit=window.limit, after=id_of(shown[-1]))
        following = f"{url.path}?{url.query}"
    return Page(items=shown, next=following)
