"""Whether a neighbour took connections already when a container ended, as its log tells."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Line, Neighbour
from scaffolder.diagnose.evidence.moments import moment

READY = re.compile(
    r"\b(?:ready (?:to accept|for) (?:\w+ )?(?:connections|requests|clients)"
    r"|(?:accepting|waiting for) (?:\w+ )?(?:connections|requests|clients)"
    r"|listening (?:on|at|for)\b"
    r"|server (?:is )?(?:up|ready|started|listening|startup complete)|start-?up complete"
    r"|(?:is|now) ready\b)",
    re.IGNORECASE,
)
"""How servers say that they take connections."""
NOT_YET = re.compile(
    r"\b(?:not|no longer|until|unless|will|before|stop\w*|cannot|failed)\b|n't\b", re.IGNORECASE
)
OVER = re.compile(r"\b(?:shut(?:ting)? ?down|stopp(?:ed|ing))\b", re.IGNORECASE)
WITHIN = timedelta(minutes=10)
MOST = 400
"""So many lines are read: where there are more, the first ones are not known."""


@dataclass(frozen=True)
class Late:
    """When a neighbour was ready, and its line about that."""

    at: datetime
    seconds: float
    """Since the container had ended."""
    line: str


def late(case: Case, other: Neighbour) -> Late | None:
    """Return how a neighbour that ran was ready only after the end; None if it was, or unknown."""
    ended = case.state.finished
    if not ended or not other.started or other.started >= ended:
        return None
    # Its clock is the engine's, as that of the end is: what it wrote at that moment is after it.
    after = case.sources.log_of(other.name, (ended, ended + WITHIN)).lines
    ready = next((line for line in after if _is_after(line, ended) and is_ready(line.text)), None)
    at = moment(ready.time) if ready else None
    if ready is None or at is None:
        return None
    before = case.sources.log_of(other.name, (other.started, ended)).lines
    if len(before) >= MOST or _was_ready(before):
        return None
    return Late(at, (at - ended).total_seconds(), ready.text.strip())


def is_ready(text: str) -> bool:
    """Tell whether a server says that it takes connections from now on."""
    return bool(READY.search(text)) and not NOT_YET.search(text)


def _is_after(line: Line, ended: datetime) -> bool:
    at = moment(line.time)
    return at is not None and at > ended


def _was_ready(lines: Iterable[Line]) -> bool:
    """Tell whether it took connections at last: databases may start twice to set themselves up."""
    found = False
    for line in lines:
        found = is_ready(line.text) or (found and not OVER.search(line.text))
    return found
