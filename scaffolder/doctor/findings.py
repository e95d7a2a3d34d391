"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is about what was checked, the best first."""

    FINE = "fine"
    SKIPPED = "skipped"
    """It cannot be told here, and `says` has the reason."""
    WARNING = "warning"
    """It will cost time or safety, and the next step works."""
    PROBLEM = "problem"
    """It stops the next step, or it gives a secret away."""


@dataclass(frozen=True)
class Finding:
    """One thing that a check found; what is not fine has a command, or words, that mend it."""

    state: State
    says: str
    fix: str = ""
    places: tuple[str, ...] = ()
    """Where it shows: paths with lines, relative to the service."""


def fine(says: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(State.FINE, says)


def skipped(says: str, fix: str = "") -> Finding:
    """Return a finding that it cannot be told."""
    return Finding(State.SKIPPED, says, fix)


def warning(says: str, fix: str, *places: str) -> Finding:
    """Return a finding that does not stop the next step."""
    return Finding(State.WARNING, says, fix, places)


def problem(says: str, fix: str, *places: str) -> Finding:
    """Return a finding that does."""
    return Finding(State.PROBLEM, says, fix, places)
