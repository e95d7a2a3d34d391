"""Where the files of a template are in a service that was adopted.

Some have another name there, beside one of the user's; some are left out, because the user's own
stands in their place. The answers record it, so that every later merge knows.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import yaml

from scaffolder.adopt.existing import HOME
from scaffolder.engine import ANSWERS_FILE, safe_paths
from scaffolder.engine.trees import Tree
from scaffolder.languages.toolchain import Toolchain
from scaffolder.templates import placement, releases
from scaffolder.templates.catalogue import read_yaml
from scaffolder.templates.render import HEADER
from scaffolder.templates.template import Template

KEY = "_places"
"""Where the answers record them."""

Places = Mapping[str, str]
"""Path in the template → path in the service; an empty text where it is left out. HOME → the
directory of all others, where the service has one of its own beside what is the user's; an empty
text where all others are left out, because only its container was adopted."""


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


def home(places: Places) -> str:
    """Return the directory of what the template brings; empty for that of the answers."""
    return places.get(HOME, "")


def has_runtime(places: Places) -> bool:
    """Tell whether more than the container of the service is the template's."""
    return places.get(HOME) != ""


def place(path: str, places: Places) -> str:
    """Return where a file of the template is, which may be nowhere: an empty text."""
    if not has_runtime(places):
        return path if path == ANSWERS_FILE else places.get(path, "")
    inside = path if path == ANSWERS_FILE else str(PurePosixPath(home(places), path))
    return places.get(path, inside)


def of_stages(template: Template, language: str, package: str, places: Places) -> dict[str, str]:
    """Return path → stage for the files that stages bring, also those that are not here."""
    root = template.whole()
    paths = [path.relative_to(root).as_posix() for path in releases.files(root)]
    found = placement.stages(paths, language, package)
    return {place(path, places): stage for path, stage in found.items()}


def of_moves(moves: Mapping[str, list[str]], places: Places) -> dict[str, list[str]]:
    """Return where files of the template went, as this service has them."""
    return {
        place(old, places): [place(path, places) for path in new]
        for old, new in moves.items()
        if all(place(path, places) for path in (old, *new))
    }


def of_tools(tools: Toolchain, places: Places) -> Toolchain:
    """Return what a template says of its tools, with their files where they are."""
    there = {purpose: place(path, places) for purpose, path in tools.locks.items()}
    locks = {purpose: path for purpose, path in there.items() if path}
    manifest = tools.manifest and place(tools.manifest, places)
    return replace(tools, manifest=manifest, locks=locks)


def placed(tree: Tree, places: Places) -> Tree:
    """Return a render with its files where they are in the service, and with that recorded."""
    if not places:
        return tree
    there = {place(path, places): entry for path, entry in tree.items()}
    there.pop("", None)
    mode, content = there[ANSWERS_FILE]
    return {**there, ANSWERS_FILE: (mode, _recorded(content, places))}


def _recorded(answers: bytes, places: Places) -> bytes:
    content = {**read_yaml(answers), KEY: dict(places)}
    text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True, width=1000)
    return (HEADER + text).encode()
