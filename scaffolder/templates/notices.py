"""What people are told of template versions: known faults, and what an update changes.

`template/notices.yml` lists both. Of a fault, what counts is what is in the service's files, not
its version; of a change, the versions before and after.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import names, regular_files

from . import catalogue, template

FILES = 1000
"""How many files are read for one condition, for the service may be a stranger's."""

DOTENV, EXAMPLE, CONFIG_FILE = ".env", ".env.example", "config.toml"
COMPOSE = ("compose*.y*ml", "docker-compose*.y*ml")
DEEPER = [f"*/{pattern}" for pattern in COMPOSE]
SET_IN = [DOTENV, f"{DOTENV}.*", *COMPOSE, *DEEPER, "Dockerfile*", CONFIG_FILE]
SET = r"""^\s*(?:export\s+|-\s+|ENV\s+)?["']?(?:{names})(?:_FILE)?["']?\s*(?:=|:\s)"""
"""Where settings are set, and how a line does it; `- NAME` alone only passes one on."""


@dataclass(frozen=True)
class Notice:
    """A fault that a service has, or a change that an update brings."""

    id: str
    says: str
    fix: str
    places: list[str]
    """Where it shows: paths relative to the service, with the line."""


def held(root: Path, name: str, version: str, inner: str = "") -> list[Notice]:
    """Return the faults of the service `name` in `root`, made with a template `version`.

    What the template brings is in its directory `inner`, where it has one of its own.
    A setting that is set is one where that version no longer reads it.
    """
    found = []
    for key, entry in _entries(name):
        since = entry.get("since", "")
        if "where" not in entry and not ("settings" in entry and _has(version, since)):
            continue
        places = _shown(root / inner, entry.get("where") or [_setting(entry["settings"])])
        if places is not None:
            found.append(Notice(key, entry["says"], entry["fix"], _inside(inner, places)))
    return found


def between(
    root: Path,
    name: str,
    versions: tuple[str, str],
    stages: Collection[str],
    inner: str = "",
) -> list[Notice]:
    """Return what changes for the service with these `stages` from one version to another.

    Places are those where settings that go are set.
    """
    before, after = versions
    found = []
    for key, entry in _entries(name):
        since = entry.get("since", "")
        coming = since and _has(after, since) and not _has(before, since)
        if coming and set(entry.get("stages", ())) <= set(stages):
            found.append(change(root, key, entry, inner))
    return found


def change(root: Path, key: str, entry: Mapping[str, Any], inner: str = "") -> Notice:
    """Return what an entry says, with the places where settings that go are set."""
    condition = [_setting(entry["settings"])] if entry.get("settings") else []
    places = _shown(root / inner, condition) or []
    return Notice(key, entry["says"], entry["fix"], _inside(inner, places))


def retired(name: str) -> dict[str, Notice]:
    """Return the settings that services do not read any more, each with what is said of it."""
    return by_setting(_entries(name))


def by_setting(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Notice]:
    """Return the settings that entries take away, each with what is said of it."""
    return {
        setting: Notice(key, entry["says"], entry["fix"], [])
        for key, entry in entries
        for setting in entry.get("settings", ())
    }


def _inside(directory: str, places: list[str]) -> list[str]:
    return [str(PurePosixPath(directory, place)) for place in places]


def _entries(name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    known = catalogue.read_yaml(template.builtin().root / "template" / "notices.yml")
    entries: dict[str, dict[str, Any]] = filled(known, names.package(name))
    return entries.items()


def _has(version: str, since: str) -> bool:
    """Tell whether a version has what came with another; one under development has all."""
    return version == template.builtin().version or not template.is_newer(since, version)


def _setting(names: list[str]) -> dict[str, Any]:
    """Return the condition that one of these settings is set."""
    return {"files": SET_IN, "but": [EXAMPLE], "has": SET.format(names="|".join(names))}


def _shown(root: Path, conditions: list[dict[str, Any]]) -> list[str] | None:
    """Return the lines that show that all conditions hold; None at the first that does not."""
    found: list[str] = []
    for condition in conditions:
        places = _places(root, condition)
        if places is None:
            return None
        found += places
    return found


def filled(value: Any, package: str) -> Any:  # noqa: ANN401 - whatever the YAML holds
    """Return a value with the service's package for {package}, in every text of it."""
    if isinstance(value, dict):
        return {key: filled(part, package) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, package) for part in value]
    return value.replace("{package}", package) if isinstance(value, str) else value


def _places(root: Path, condition: dict[str, Any]) -> list[str] | None:
    """Return the lines that show that a condition holds; None if it does not."""
    if "missing" in condition:
        return None if any(_files(root, condition["missing"])) else []
    expression = re.compile(condition.get("has") or condition["lacks"])
    files = [f for f in _files(root, condition["files"]) if str(f) not in condition.get("but", ())]
    lines = [
        f"{path}:{number}"
        for path in files
        for number, line in regular_files.lines(root / path)
        if expression.search(line)
    ]
    if "has" in condition:
        return lines or None
    return [] if files and not lines else None


def _files(root: Path, patterns: list[str]) -> Iterator[Path]:
    """Return the regular files that match a pattern; not links, which can lead anywhere."""
    matching = (path for pattern in patterns for path in root.glob(pattern))
    for path in sorted(set(islice(matching, FILES))):
        if regular_files.is_regular(path):
            yield path.relative_to(root)
