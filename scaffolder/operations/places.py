"""Where the files of a template are in a service that was adopted.

Some have another name there, beside one of the user's; some are left out, because the user's own
stands in their place. The answers record it, so that every later merge knows.
"""

from collections.abc import Mapping

import yaml

from scaffolder.engine import ANSWERS_FILE, safe_paths
from scaffolder.engine.trees import Tree
from scaffolder.templates.catalogue import read_yaml
from scaffolder.templates.render import HEADER

KEY = "_places"
"""Where the answers record them."""

Places = Mapping[str, str]
"""Path in the template → path in the service; an empty text where it is left out."""


def problem(found: object) -> str:
    """Return what is wrong with what the answers record, or an empty text."""
    if not isinstance(found, dict) or not all(
        isinstance(path, str) and isinstance(place, str) for path, place in found.items()
    ):
        return f"has something else than paths for {KEY!r}"
    strange = [place for place in found.values() if place and safe_paths.problem(place)]
    if strange or ANSWERS_FILE in (*found, *found.values()):
        return f"has a path in {KEY!r} that no file can have"
    return ""


def placed(tree: Tree, places: Places) -> Tree:
    """Return a render with its files where they are in the service, and with that recorded."""
    if not places:
        return tree
    there = {places.get(path, path): entry for path, entry in tree.items()}
    there.pop("", None)
    mode, content = there[ANSWERS_FILE]
    return {**there, ANSWERS_FILE: (mode, _recorded(content, places))}


def _recorded(answers: bytes, places: Places) -> bytes:
    content = {**read_yaml(answers), KEY: dict(places)}
    text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True, width=1000)
    return (HEADER + text).encode()
