"""A stage with a part of the schema."""

from dataclasses import dataclass

from starlette.applications import Starlette


@dataclass(frozen=True)
class Settings:
    """There are none."""


def install(_app: Starlette) -> None:
    """There is nothing to install."""
