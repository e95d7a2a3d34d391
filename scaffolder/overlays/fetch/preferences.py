"""What the user prefers: by a variable, or in the configuration file."""

import os
from collections.abc import Sequence
from typing import Any

import yaml

from scaffolder import paths, plain_yaml
from scaffolder.errors import RefusedError
from scaffolder.overlays.format.yaml_document import Page

VARIABLE = "VISCAFFOLD_TEMPLATE"
LOCK_VARIABLE = "VISCAFFOLD_LOCK"
VERIFY_VARIABLE = "VISCAFFOLD_VERIFY"
CONFIG = "config.yml"

OFF = ("", "0", "false", "no")
ON = ("1", "true", "yes")
"""How a variable says no and yes, in whatever case."""


def default() -> list[str]:
    """Return the sources that `new` uses when none is given; raise RefusedError for a bad file."""
    said = os.environ.get(VARIABLE)
    if said is not None:
        return said.split()
    page, entries = _read()
    if "template" not in entries:
        return []
    node = entries["template"][1]
    if isinstance(node, yaml.SequenceNode):
        return [text for text, _ in page.texts(node, "template")]
    return [page.text(node, "template")]


def locks() -> bool:
    """Tell whether changes lock dependencies, which asks a package registry; the default is yes.

    Raise RefusedError for a bad file.
    """
    said = os.environ.get(LOCK_VARIABLE)
    if said is not None:
        return said.lower() not in OFF
    page, entries = _read()
    if "lock" not in entries:
        return True
    node = entries["lock"][1]
    value = page.value(node)
    if not isinstance(value, bool):
        raise page.error(node, "lock has to be true or false")
    return value


def verifies(levels: Sequence[str]) -> str | None:
    """Return the level at which changes are verified before they are written; "" for not at all.

    None where nothing is said of it. Raise RefusedError for one that is not among `levels`; true
    is the first of them.
    """
    choice = f"has to be true, false, or one of {', '.join(levels)}"
    said = os.environ.get(VERIFY_VARIABLE)
    if said is not None:
        level = _level(said, levels)
        if level is None:
            raise RefusedError(f"{VERIFY_VARIABLE} {choice}")
        return level
    page, entries = _read()
    if "verify" not in entries:
        return None
    node = entries["verify"][1]
    level = _level(str(page.scalar(node, "verify")), levels)
    if level is None:
        raise page.error(node, f"verify {choice}")
    return level


def _level(said: str, levels: Sequence[str]) -> str | None:
    word = said.lower()
    if word in OFF:
        return ""
    return levels[0] if word in ON else next((level for level in levels if level == word), None)


def _read() -> tuple[Page, dict[str, Any]]:
    file = paths.config() / CONFIG
    page = Page(str(file))
    try:
        with file.open("rb") as opened:
            content = opened.read(plain_yaml.MOST_BYTES + 1)
    except FileNotFoundError:
        return page, {}
    entries = page.entries(page.read(content), "the file")
    page.known(entries, ["lock", "template", "verify"])
    return page, entries
