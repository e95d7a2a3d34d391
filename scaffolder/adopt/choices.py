"""What is asked of whoever adopts a service: what cannot be known by looking."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much of the template comes to the service."""

    WHOLE = "whole"
    RUNTIME = "runtime-only"
    """Supervisor, early logging and hooks; nothing of containers."""
    CONTAINER = "container-only"
    """A hardened image around the service's own command, and how it is run; no runtime."""


class Stand(StrEnum):
    """What becomes of a file of theirs where the template has one for the same."""

    KEEP = "keep"
    """Theirs stays, and the template's is left out."""
    BESIDE = "beside"
    """The template's gets another name."""
    REPLACE = "replace"
    """The template's takes its place; git has theirs."""


@dataclass(frozen=True)
class Choices:
    """The answers."""

    name: str
    level: Level = Level.WHOLE
    dockerfile: Stand = Stand.REPLACE
    compose: Stand = Stand.REPLACE
