"""Known faults of services that earlier templates made: which of them a service still has.

`template/notices.yml` lists them. What counts is what is in the service's files, not its version.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from scaffolder import names

from . import catalogue, template

FILES = 1000
"""Limits of what is read for one condition, for the service may be a stranger's: files, and bytes
of each."""
BYTES = 1 << 20


@dataclass(frozen=True)
class Notice:
    """A fault that a service has."""

    id: str
    says: str
    fix: str
    places: list[str]
    """Where it shows: paths relative to the service, with the line."""


def held(root: Path, name: str) -> list[Notice]:
    """Return the notices that hold for the service `name` in `root`, by its files as they are."""
    known = catalogue.read_yaml(template.builtin().root / "template" / "notices.yml")
    package = names.package(name)
    found = []
    for key, entry in _filled(known, package).items():
        places = _shown(root, entry["where"])
        if places is not None:
            found.append(Notice(key, entry["says"], entry["fix"], places))
    return found


def _shown(root: Path, conditions: list[dict[str, Any]]) -> list[str] | None:
    """Return the lines that show that all conditions hold; None at the first that does not."""
    found: list[str] = []
    for condition in conditions:
        places = _places(root, condition)
        if places is None:
            return None
        found += places
    return found


def _filled(value: Any, package: str) -> Any:  # noqa: ANN401 - whatever the YAML holds
    """Return a value with the service's package for {package}, in every text of it."""
    if isinstance(value, dict):
        return {key: _filled(part, package) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, package) for part in value]
    return value.replace("{package}", package)


def _places(root: Path, condition: dict[str, Any]) -> list[str] | None:
    """Return the lines that show that a condition holds; None if it does not."""
    if "missing" in condition:
        return None if any(_files(root, condition["missing"])) else []
    expression = re.compile(condition.get("has") or condition["lacks"])
    files = list(_files(root, condition["files"]))
    lines = [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(_text(root / path).splitlines(), start=1)
        if expression.search(line)
    ]
    if "has" in condition:
        return lines or None
    return [] if files and not lines else None


def _files(root: Path, patterns: list[str]) -> Iterator[Path]:
    """Return the regular files that match a pattern; not links, which can lead anywhere."""
    matching = (path for pattern in patterns for path in root.glob(pattern))
    for path in sorted(set(islice(matching, FILES))):
        if stat.S_ISREG(path.lstat().st_mode):
            yield path.relative_to(root)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(BYTES).decode("utf-8", "replace")
