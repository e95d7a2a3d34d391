"""The questions of a template that a user may answer."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import click

from . import console, errors, names
from .catalogue import read_yaml

# `new` has an argument or an option of its own for these.
OWN_FLAGS = {"name": "NAME", "stages": "--stage"}


@dataclass(frozen=True)
class Question:
    """One question, with its choices where there is a fixed list of them."""

    name: str
    help: str
    choices: tuple[str, ...]
    required: bool = False
    """There is no default."""


def load(root: Path) -> dict[str, Question]:
    """Read the questions of the template in `root`; hidden ones are not among them."""
    entries = read_yaml(root / "copier.yml")
    questions = {}
    for name, entry in entries.items():
        if not name.startswith("_") and entry.get("when") is not False:
            choices = entry.get("choices")
            fixed = tuple(map(str, choices)) if isinstance(choices, list) else ()
            questions[name] = Question(name, entry["help"], fixed, "default" not in entry)
    return questions


def fixed(root: Path) -> dict[str, str]:
    """Return the answers that a team's template has fixed, and that nobody is asked for.

    They are questions that are hidden and have a help text; those that are computed have none.
    """
    entries = read_yaml(root / "copier.yml")
    return {
        name: str(entry["default"])
        for name, entry in entries.items()
        if not name.startswith("_") and entry.get("when") is False and "help" in entry
    }


def kept(recorded: Mapping[str, object], questions: Mapping[str, Question]) -> dict[str, object]:
    """Return the answers that are asked for; others are fixed now, or gone with their template."""
    return {name: answer for name, answer in recorded.items() if name in questions}


def complete(given: Mapping[str, object], questions: Mapping[str, Question]) -> dict[str, object]:
    """Ask on the terminal for what has no default and no answer; raise UsageError without one."""
    missing = [
        question
        for name, question in questions.items()
        if question.required and name not in given and name not in OWN_FLAGS
    ]
    return {**given, **{question.name: _ask(question) for question in missing}}


def _ask(question: Question) -> str:
    about = names.printable(question.help)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.UsageError(
            f"{question.name} is not answered, and nobody to ask: {about}",
            f"--answer {question.name}={question.choices[0] if question.choices else 'VALUE'}",
        )
    console.stop_progress()
    kind = click.Choice(question.choices) if question.choices else None
    return str(click.prompt(about, type=kind, err=True))


def answers(
    pairs: Iterable[str],
    questions: Mapping[str, Question],
    fixed: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Parse `K=V` pairs; raise UsageError for an unknown question or an answer it does not take.

    `fixed` are the answers that nobody is asked for.
    """
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise errors.UsageError(f"--answer takes QUESTION=VALUE, not {pair!r}")
        if name in OWN_FLAGS:
            raise errors.UsageError(f"the answer to {name!r} is given with {OWN_FLAGS[name]}")
        if name in fixed:
            raise errors.UsageError(f"{name} is fixed by the team's template: {fixed[name]}")
        if name not in questions:
            askable = questions.keys() - OWN_FLAGS.keys()
            raise errors.unknown("question", name, askable, "viscaffold new --help")
        choices = questions[name].choices
        if choices and value not in choices:
            raise errors.UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        given[name] = value
    return given
