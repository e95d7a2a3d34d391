"""The catalogue of stages, read from template/stages.yml."""

from collections.abc import Iterable
from dataclasses import dataclass, field
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
    formerly: tuple[str, ...]
    """Names that it had in earlier versions of the template."""
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
    removed: dict[str, str] = field(default_factory=dict)
    """Stages of earlier versions → why they are gone, and what to use instead."""
    always: tuple[str, ...] = ()
    """Stages that every service has, because a team's template says so."""

    def chosen(self, names: Iterable[str]) -> list[str]:
        """Return the stages of a service for which `names` are wanted; raise as `closure`."""
        return self.closure([*names, *self.always])

    def successor(self, name: str) -> str | None:
        """Return what the stage `name` of an earlier version is called now; None if it is gone."""
        if name in self.stages:
            return name
        return next((s.name for s in self.stages.values() if name in s.formerly), None)

    def dependents(self, names: Iterable[str], among: Iterable[str]) -> list[str]:
        """Return those `among` that require one of `names`, directly or not, sorted."""
        gone = set(names)
        return sorted(s for s in set(among) - gone if gone & set(self.closure([s])))

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
        requires, formerly = tuple(entry.pop("requires")), tuple(entry.pop("formerly", ()))
        stages[name] = Stage(name, title, summary, requires, formerly, languages=entry)
    gone, always = root / "template" / "removed.yml", root / "template" / "always.yml"
    return Catalogue(
        stages,
        read_yaml(gone) if gone.exists() else {},
        tuple(read_yaml(always)) if always.exists() else (),
    )


def read_yaml(file: Path | bytes) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read YAML safely, a file or its content; with libyaml, if any (ten times as fast)."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = file if isinstance(file, bytes) else file.read_bytes()
    return yaml.load(content, Loader=loader)  # noqa: S506 - both are safe loaders
