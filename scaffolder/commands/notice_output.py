"""How known faults of a service are printed."""

from collections.abc import Iterator, Sequence

from scaffolder.templates.notices import Notice
from scaffolder.text import printable


def change_lines(changes: Sequence[Notice]) -> Iterator[str]:
    """Return what is said of what an update changes for people."""
    for change in changes:
        yield f"Changes: {change.says}"
        yield from (f"  set in {printable(place)}" for place in change.places)
        yield f"  To do: {change.fix}"


def notice_lines(notices: Sequence[Notice]) -> Iterator[str]:
    """Return what is said of known faults of a service."""
    for notice in notices:
        yield f"Warning: {notice.says}"
        yield from (f"  {printable(place)}" for place in notice.places)
        yield f"  Fix: {notice.fix}"
