"""The catalogue of stages, read from template/stages.yml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffolder import errors, plain_yaml

from .stage import Stage, of_entry


@dataclass(frozen=True)
class Catalogue:
    """The stages of a language, in the order shown and installed.

    A stage comes after those that it requires, or names in `after` and `optional`.
    """

    stages: dict[str, Stage]
    language: str = ""
    elsewhere: Mapping[str, Stage] = field(default_factory=dict)
    """Stages that services in this language cannot have."""
    removed: dict[str, str] = field(default_factory=dict)
    """Stages of earlier versions → why they are gone, and what to use instead."""
    always: tuple[str, ...] = ()
    """Stages that every service has, because a team's template says so."""

    def dependencies(self) -> list[str]:
        """Return the packages that any of its stages brings."""
        return [d for stage in self.stages.values() for d in stage.dependencies(self.language)]

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
                raise self._missing(name)
            if name not in found:
                found.add(name)
                waiting += self.stages[name].requires
        return sorted(found)

    def _missing(self, name: str) -> errors.UsageError:
        other = self.elsewhere.get(name)
        if other is None:
            return errors.unknown("stage", name, self.stages, "viscaffold stages")
        return errors.UsageError(
            f"the stage {name} is not available for services in {self.language}, only for those in "
            f"{' and '.join(sorted(other.languages))}",
            "viscaffold stages",
        )


def read(root: Path) -> dict[str, Stage]:
    """Read the stages of the template in `root`, of whatever language."""
    entries = read_yaml(root / "template" / "stages.yml").items()
    return {name: of_entry(name, entry) for name, entry in entries}


def load(root: Path, language: str) -> Catalogue:
    """Read the catalogue of the template in `root`, for services in `language`."""
    every = read(root)
    gone, always = root / "template" / "removed.yml", root / "template" / "always.yml"
    return Catalogue(
        {name: stage for name, stage in every.items() if stage.is_in(language)},
        language,
        {name: stage for name, stage in every.items() if not stage.is_in(language)},
        read_yaml(gone) if gone.exists() else {},
        tuple(read_yaml(always)) if always.exists() else (),
    )


def read_yaml(file: Path | bytes) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read plain YAML, a file or its content; raise YamlError for anything else."""
    if isinstance(file, bytes):
        return plain_yaml.load(file)
    with file.open("rb") as opened:
        return plain_yaml.load(opened.read(plain_yaml.MOST_BYTES + 1))
