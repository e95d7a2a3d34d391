"""A fault of what a service depends on: how it is brought about, and what a service promises."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from fault import LIVES
from surroundings import Surroundings

READY, DEGRADED, NOT_READY = "ready", "degraded", "not ready"
NO_ANSWER = 0
"""Instead of a status: the answer does not come within its limit."""

DATABASE = ("database", "auth", "jobs")
"""Stages that need a database."""

KINDS = (
    "unreachable",
    "tarpit",
    "wrong password",
    "unknown host",
    "TLS refused",
    "restart under load",
    "disk full",
    "read-only",
    "too many connections",
    "lock held",
    "migration missing",
    "newer schema",
)


@dataclass(frozen=True)
class Promise:
    """What a stage of a service does meanwhile."""

    statuses: tuple[int | None, ...] = (LIVES,)
    """Of the answers of the route that needs the dependency."""
    readiness: str = READY


GOES_ON = Promise()
DOES_WITHOUT = Promise(readiness=DEGRADED)
UNAVAILABLE = Promise((503,), NOT_READY)
REFUSES = Promise((503,))
"""What it cannot do now; a restart, or another replica, could not do it either."""

Brought = Callable[[Surroundings], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outage:
    """A fault of a dependency: it ends by itself, and the service is to notice that, too."""

    kind: str
    brought: Brought
    cause: str
    """A regular expression for the log; empty where nothing is lost, and nobody is told."""
    promises: Mapping[str, Promise]
    """By stage."""
    at_start: bool = False
    """It is there when the service starts; otherwise, the service has worked before."""
    settings: Callable[[Surroundings], Mapping[str, str]] = lambda _around: {}
    """Those of the dependency that differ then."""
    is_brief: bool = False
    """It ends at once: what counts is the worst answer meanwhile."""
    seconds: float = 6.0
    """Until the cause is named, and all is as promised."""
    is_quick: bool = False
    """Whether it is played with every run of the tests."""


@dataclass(frozen=True)
class Dependency:
    """What a service needs, and the stages that need it."""

    name: str
    stages: tuple[str, ...]
    given: Callable[[Surroundings], dict[str, str]]
    """Has it as new, and returns the settings that lead to it."""
    outages: tuple[Outage, ...]

    def group(self, stage: str) -> str:
        """Return how the page calls its table for a stage."""
        return f"{self.name}, stage {stage}"


@dataclass(frozen=True)
class Seen:
    """What a stage of a service did while a dependency had a fault, and after it."""

    is_named: bool | None
    """None where there is nothing to name."""
    status: int | None
    """Of its route; LIVES if it did its work, NO_ANSWER if none came."""
    readiness: str
    """Empty where nothing tells it."""
    lives: bool
    """Whether what does not need the dependency answered all the time."""
    recovers: bool
    """Whether all was as before once the fault had ended, without a restart."""
    ended: int | None
    """The exit status of the service, if it ended."""
    log: str

    def complaints(self, outage: Outage, stage: str) -> list[str]:
        """Return what is not as promised."""
        promise = outage.promises[stage]
        found = []
        if self.is_named is False:
            found.append(f"the log does not have {outage.cause!r}")
        if self.ended is not None:
            found.append(f"it ended with {self.ended}")
        if self.status not in promise.statuses:
            found.append(f"{answer(self.status)} instead of {answer(promise.statuses[0])}")
        if self.readiness != promise.readiness:
            found.append(f"{self.readiness or 'no readiness'} instead of {promise.readiness}")
        if not self.lives:
            found.append("what needs no dependency does not answer in time")
        if not self.recovers:
            found.append("it does not recover")
        return found

    def words(self) -> str:
        """Return what a cell of the table says."""
        named = {True: "named", False: "silent", None: ""}[self.is_named]
        if self.ended is not None:
            return f"{named}, ends with {self.ended}"
        lives = "lives" if self.lives else "hangs"
        recovers = "recovers" if self.recovers else "does not recover"
        return ", ".join(
            filter(None, [named, answer(self.status), self.readiness, lives, recovers])
        )


def answer(status: int | None) -> str:
    """Return how the table calls the status of an answer."""
    if status is LIVES:
        return "goes on"
    return f"status {status}" if status else "no answer"
