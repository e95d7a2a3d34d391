"""Where the files of a template go in a service, as far as their names tell."""

from collections.abc import Iterable
from pathlib import PurePosixPath

TEMPLATE = "template"
"""The folder with the files of services, one folder a language."""

SHARED = "shared"
"""Beside the folders of languages: text that all of them include."""

SUFFIX = ".jinja"
"""What is rendered; other files are copied as they are."""


def language_of(path: str) -> str:
    """Return the folder of `template/` that a file is in: a language, or `shared`."""
    parts = path.split("/")
    return parts[1] if parts[0] == TEMPLATE and parts[2:] else ""


def stage_of(part: str) -> str:
    """Return the stage that a folder's name chooses, or an empty text."""
    inner = part.removeprefix("{{").removesuffix("}}").strip()
    chosen = part.startswith("{{") and part.endswith("}}") and inner.startswith("stage.")
    return inner.removeprefix("stage.") if chosen else ""


def target(path: str, package: str = "{{package}}") -> str:
    """Return where a file of `template/LANGUAGE/` goes in a service with this package."""
    parts = PurePosixPath(path).parts[2:]
    inside = [part for part in parts if not stage_of(part)]
    place = "/".join(part.replace(" ", "") for part in inside).removesuffix(SUFFIX)
    return place.replace("{{package}}", package)


def stages(paths: Iterable[str], language: str, package: str) -> dict[str, str]:
    """Return where the files of stages go → the stage; `paths` are those of a whole template."""
    found = {}
    for path in paths:
        parts = path.split("/")
        stage = stage_of(parts[2]) if language_of(path) == language and parts[3:] else ""
        if stage:
            found[target(path, package)] = stage
    return found
