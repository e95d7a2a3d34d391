"""An existing service: where it is, the answers that it was made with, and its repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from . import catalogue, names, source
from .catalogue import Catalogue
from .engine import ANSWERS_FILE
from .errors import RefusedError
from .source import Source

Answers = dict[str, Any]


@dataclass(frozen=True)
class Project:
    """A service, its answers, and the template that it was made with."""

    root: Path
    answers: Answers
    source: Source

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return the stages of its template."""
        return catalogue.load(self.source.root)

    @property
    def stages(self) -> list[str]:
        """Return the stages that it has, sorted."""
        return list(self.answers["stages"])

    def with_stages(self, stages: list[str]) -> Answers:
        """Return the answers with other stages."""
        return {**self.answers, "stages": stages}


def find(start: Path) -> Path | None:
    """Return the nearest directory, from `start` upwards, that holds a service."""
    for directory in (start, *start.parents):
        if (directory / ANSWERS_FILE).is_file():
            return directory
    return None


def root(start: Path) -> Path:
    """Return the directory of the service around `start`; raise RefusedError if there is none."""
    found = find(start)
    if found is None:
        raise RefusedError(
            f"{start} is not in a service: there is no {ANSWERS_FILE} here or above",
            "cd into a service, or make one: viscaffold new NAME",
        )
    return found


def load(start: Path) -> Project:
    """Load the service that `start` is in.

    Raise RefusedError if there is none, if its answers are damaged, or if it was made with another
    template or with a version that this tool does not carry. An overlay that is recorded is fetched
    if this machine does not know it; RefusedError if it cannot be had, or is not trusted.
    """
    directory = root(start)
    recorded = _read(directory / ANSWERS_FILE)
    _check_template(recorded)
    answers = {key: value for key, value in recorded.items() if not key.startswith("_")}
    project = Project(directory, answers, _source(recorded))
    answers["stages"] = _stages(answers, project.catalogue)
    return project


def _source(recorded: Mapping[str, Any]) -> Source:
    """Return the template that is recorded: the built-in one, and what is laid over it."""
    base = source.carried(recorded["_commit"])
    if "_overlays" not in recorded:
        return base
    from .overlays import record, sources

    return sources.recorded(base, record.read(recorded["_overlays"]))


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        recorded = catalogue.read_yaml(path)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise _damaged(f"cannot be read: {words}") from error
    if not isinstance(recorded, dict) or not all(isinstance(key, str) for key in recorded):
        raise _damaged("does not hold answers, `question: answer` on each line")
    for key in ("_src_path", "_commit", "name", "language"):
        if not isinstance(recorded.get(key), str):
            raise _damaged(f"has no text for {key!r}")
    if not names.PATTERN.fullmatch(recorded["name"]):
        raise _damaged(f"has a name that no service can have: {recorded['name']!r}")
    return recorded


def _check_template(recorded: Mapping[str, Any]) -> None:
    made_with = recorded["_src_path"]
    if made_with != source.NAME:
        raise RefusedError(
            f"this project was made with another template: {names.shown(made_with)}",
            "viscaffold changes services that `viscaffold new` made",
        )


def _stages(answers: Answers, known: Catalogue) -> list[str]:
    stages = answers.get("stages", [])
    if not isinstance(stages, list) or not all(isinstance(name, str) for name in stages):
        raise _damaged("has something else than a list of names for 'stages'")
    strange = [name for name in stages if name not in known.stages]
    if strange:
        raise _damaged(f"has a stage that its template does not have: {strange[0]!r}")
    return known.chosen(stages)


def _damaged(problem: str) -> RefusedError:
    return RefusedError(
        f"{ANSWERS_FILE} {problem}",
        f"take back what was changed in it: git checkout {ANSWERS_FILE}",
    )
