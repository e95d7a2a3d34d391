"""The settings that a service has, as its `.env.example` explains them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

EXAMPLE = ".env.example"

_ASSIGNED = re.compile(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)")
_STAGE = re.compile(r"# Stage ([a-z][a-z0-9-]*)")


@dataclass(frozen=True)
class Setting:
    """A setting, and what its file says of it."""

    name: str
    about: str
    default: str
    """Empty where there is none."""
    line: int


def read(text: str) -> list[Setting]:
    """Return the settings in the text of a `.env.example`, each where it is explained first.

    They stand in paragraphs: comments, and a line `NAME=DEFAULT`, commented out or not.
    """
    found: dict[str, Setting] = {}
    for paragraph in _paragraphs(text):
        about = ""
        for number, line in paragraph:
            match = _ASSIGNED.fullmatch(line)
            if match:
                found.setdefault(match[1], Setting(match[1], about.strip(), match[2], number))
            elif not _STAGE.fullmatch(line):
                about += line.removeprefix("#").strip() + " "
    return list(found.values())


def _paragraphs(text: str) -> Iterator[list[tuple[int, str]]]:
    paragraph: list[tuple[int, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            paragraph.append((number, line))
        elif paragraph:
            yield paragraph
            paragraph = []
