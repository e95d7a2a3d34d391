"""The catalogue of stages, read from template/stages.yml."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import errors


@dataclass(frozen=True)
class Stage:
    """One capability that can be added to a service."""

    name: str
    title: str
    summary: str
    requires: tuple[str, ...]
    languages: dict[str, dict[str, Any]]

    def dependencies(self, language: str) -> list[str]:
        """Return the distributions that it brings in `language`."""
        return list(self.languages[language]["dependencies"])

    def settings(self, language: str) -> list[str]:
        """Return the names of the environment variables that it reads in `language`."""
        return list(self.languages[language]["settings"])


@dataclass(frozen=True)
class Catalogue:
    """All stages, in the order shown: a stage comes after those that it requires."""

    stages: dict[str, Stage]

    def closure(self, names: Iterable[str]) -> list[str]:
        """Return `names` and all that they require, sorted; raise UsageError for unknown ones."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in self.stages:
                raise errors.unknown("stage", name, self.stages, "viscaffold stages")
            if name not in found:
                found.add(name)
                waiting += self.stages[name].requires
        return sorted(found)


def load(root: Path) -> Catalogue:
    """Read the catalogue of the template in `root`."""
    stages = {}
    for name, entry in read_yaml(root / "template" / "stages.yml").items():
        title, summary = entry.pop("title"), entry.pop("summary")
        requires = tuple(entry.pop("requires"))
        stages[name] = Stage(name, title, summary, requires, languages=entry)
    return Catalogue(stages)


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a YAML file safely, with libyaml where there is one (ten times as fast)."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
