"""Settings whose values stand in what a program says."""

import re
from collections.abc import Mapping
from typing import TypeVar

from scaffolder.diagnose.case import Case

from .usual import USUAL

SHORTEST, MOST = 3, 2
"""How long a value is that stands in a message by no chance, and of how many that is told."""
Name = TypeVar("Name")


def quoted(values: Mapping[Name, str], words: str) -> list[Name]:
    """Return what has a value that stands in a message, as a word of its own."""
    return [
        name
        for name, value in values.items()
        if len(value) >= SHORTEST
        and re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w-]|\.\w)", words)
    ][:MOST]


def variables_in(case: Case, words: str) -> list[str]:
    """Return the variables of a container whose values stand in a message."""
    own = {name: value for name, value in case.config.env.items() if not USUAL.fullmatch(name)}
    return quoted(own, words)
