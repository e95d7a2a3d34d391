"""The questions of a template that a user may answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import errors
from .catalogue import read_yaml

# `new` has an argument or an option of its own for these.
OWN_FLAGS = {"name": "NAME", "stages": "--stage"}


@dataclass(frozen=True)
class Question:
    """One question, with its choices where there is a fixed list of them."""

    name: str
    help: str
    choices: tuple[str, ...]


def load(root: Path) -> dict[str, Question]:
    """Read the questions of the template in `root`; hidden ones are not among them."""
    entries = read_yaml(root / "copier.yml")
    questions = {}
    for name, entry in entries.items():
        if not name.startswith("_") and entry.get("when") is not False:
            choices = entry.get("choices")
            fixed = tuple(choices) if isinstance(choices, list) else ()
            questions[name] = Question(name, entry["help"], fixed)
    return questions


def answers(pairs: Iterable[str], questions: Mapping[str, Question]) -> dict[str, str]:
    """Parse `K=V` pairs; raise UsageError for an unknown question or an answer it does not take."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise errors.UsageError(f"--answer takes QUESTION=VALUE, not {pair!r}")
        if name in OWN_FLAGS:
            raise errors.UsageError(f"the answer to {name!r} is given with {OWN_FLAGS[name]}")
        if name not in questions:
            askable = questions.keys() - OWN_FLAGS.keys()
            raise errors.unknown("question", name, askable, "viscaffold new --help")
        choices = questions[name].choices
        if choices and value not in choices:
            raise errors.UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        given[name] = value
    return given
