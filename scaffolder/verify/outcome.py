"""What a verification saw: the outcome of each step, and of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """The results of the in-toto predicate test-result v0.1; a later one outweighs an earlier."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    """It could not be looked at: a toolchain, the network or Docker is missing."""
    FAILED = "FAILED"


class Level(StrEnum):
    """How much is verified."""

    LOCAL = "local"
    CONTAINER = "container"
    DRILLS = "drills"


def up_to(level: Level) -> list[Level]:
    """Return the levels that make up one, the least thorough first."""
    order = list(Level)
    return order[: order.index(level) + 1]


@dataclass(frozen=True)
class Outcome:
    """One step: what was expected, and what was found."""

    step: str
    """Its name, which stays the same from one version to the next: "tests", "start", "stop"."""
    result: Result
    seconds: float
    expected: str = ""
    found: str = ""
    """In words; for WARNED, the reason and what to do about it."""
    log: tuple[str, ...] = ()
    """The last lines of what the step's program wrote, redacted."""

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "step": self.step,
            "result": self.result.value,
            "seconds": round(self.seconds, 2),
            "expected": self.expected,
            "found": self.found,
            "log": list(self.log),
        }


@dataclass(frozen=True)
class Verification:
    """All steps of one verification of one tree."""

    tree: str
    """The name that git gives to the service's directory: its own tree, not that of a repository
    around it."""
    level: Level
    outcomes: tuple[Outcome, ...]
    began: datetime
    """In UTC."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Template, overlays, stages, and the versions of the tools that took part."""
    image: str = ""
    """The digest of the image, `sha256:...`, if one was built."""
    log: str = ""
    """Where the whole log is, while it is kept."""
    within: "Verification | None" = None
    """The level that had passed before a step of a more thorough one did not."""
    known: bool = False
    """It is evidence of an earlier time: nothing was run now."""

    @property
    def result(self) -> Result:
        """Return the worst of the steps' results."""
        order = list(Result)
        return max((o.result for o in self.outcomes), key=order.index, default=Result.WARNED)

    @property
    def seconds(self) -> float:
        """Return how long all steps took."""
        return sum(outcome.seconds for outcome in self.outcomes)

    @property
    def failed(self) -> Outcome | None:
        """Return the step that failed: the first, for none comes after it."""
        return next((o for o in self.outcomes if o.result is Result.FAILED), None)

    def document(self) -> dict[str, Any]:
        """Return it for JSON, as docs/schemas/verification.json describes it."""
        return {
            "tree": self.tree,
            "level": self.level.value,
            "result": self.result.value,
            "known": self.known,
            "began": self.began.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 2),
            "configuration": dict(self.configuration),
            "image": self.image,
            "log": self.log,
            "steps": [outcome.document() for outcome in self.outcomes],
        }
