"""A job, what does it, and how it ended."""

import json
import random
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

LONGEST_PAUSE = 300.0
LONGEST_REASON = 500
DEEPEST = 127
TOO_DEEP = f"a payload of a job is nested at most {DEEPEST} deep"
KIND = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""It stands in log lines and in labels of metrics."""


@dataclass(frozen=True)
class Job:
    """What a handler gets."""

    id: str
    kind: str
    payload: Any
    """What was enqueued, after its way through JSON."""
    attempt: int
    """1 at first."""


class DamagedError(Exception):
    """A job cannot be done, however often it is tried; the message says why."""


Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """What a worker keeps to; times are in seconds."""

    workers: int
    lease: float
    limit: float
    attempts: int
    poll: float


@dataclass(frozen=True)
class Claimed:
    """A row of the table that this process has."""

    id: str
    kind: str
    payload: str
    attempts: int
    trace: str | None

    def job(self) -> Job:
        """Return what the handler gets; raise DamagedError where the payload is no JSON."""
        try:
            payload = json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            raise DamagedError(f"its payload is no JSON: {error}") from error
        return Job(self.id, self.kind, payload, self.attempts)

    def __str__(self) -> str:
        """Return what the log calls it."""
        return f"job {self.kind} {self.id}"


class End(Enum):
    """How a run of a job ended; the values are those of the metrics' label."""

    OK = "ok"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"
    BACK = "back"
    """It was cancelled for the stop, and counts as never begun."""


@dataclass(frozen=True)
class Outcome:
    """What is to be written down of a run."""

    end: End
    reason: str = ""
    pause: float = 0.0
    """How long it waits for its next attempt."""


def checked_kind(kind: str) -> str:
    """Return a kind of jobs; raise ValueError for what is none."""
    if not KIND.fullmatch(kind):
        raise ValueError(f"a kind of jobs is 1 to 100 of A-Z a-z 0-9 _ . : -, not {kind!r}")
    return kind


def as_json(payload: object) -> str:
    """Return a payload as JSON; raise ValueError for what a worker in Rust could not read."""
    try:
        text = json.dumps(payload, allow_nan=False, separators=(",", ":"))
        _check(json.loads(text), DEEPEST)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    return text


def _check(value: object, levels: int) -> None:
    if isinstance(value, str):
        value.encode()  # it raises UnicodeEncodeError for surrogates, which are no characters
    elif isinstance(value, int) and abs(value) > sys.float_info.max:
        raise ValueError("a payload of a job has no number beyond 1.8e308")
    elif isinstance(value, dict | list):
        if not levels:
            raise ValueError(TOO_DEEP)
        for each in value if isinstance(value, list) else (*value, *value.values()):
            _check(each, levels - 1)


def pause_after(attempt: int) -> float:
    """Return how long a job waits that has failed: 1 s, then twice as long each time."""
    longest = min(2.0 ** (attempt - 1), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - chance, not a secret
