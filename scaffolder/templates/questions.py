"""The questions of a template that a user may answer."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scaffolder import errors
from scaffolder.text import printable, quoted

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


class UnansweredError(errors.UsageError):
    """A question has neither an answer nor a default; with answers, the call can be repeated."""

    def __init__(self, questions: Sequence[Question]) -> None:
        """Name the first of them, and keep all of them as `questions`."""
        first = questions[0]
        value = first.choices[0] if first.choices else "VALUE"
        super().__init__(
            f"{first.name} is not answered, and there is no terminal to ask on: "
            f"{printable(first.help)}",
            f"the same command with --answer {quoted(f'{first.name}={value}')}",
        )
        self.questions = questions


class AnswerError(errors.UsageError):
    """An answer that its question does not take, or to no question; `question` is its name."""

    def __init__(self, question: str, error: errors.UsageError) -> None:
        """Say what the error says."""
        super().__init__(error.message, error.hint)
        self.question = question


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


def answers_in(content: bytes) -> dict[str, Any]:
    """Return the answers in an answers file, without Copier's own entries."""
    return {key: value for key, value in read_yaml(content).items() if not key.startswith("_")}


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


def defaults(root: Path, name: str) -> dict[str, object]:
    """Return the answers that a service of a name gets where it gives none."""
    entries = read_yaml(root / "copier.yml")
    found = {
        k: entry["default"] for k, entry in entries.items() if k[0] != "_" and "default" in entry
    }
    return {
        key: default.replace("{{ name }}", name) if isinstance(default, str) else default
        for key, default in found.items()
    }


def kept(recorded: Mapping[str, object], questions: Mapping[str, Question]) -> dict[str, object]:
    """Return the answers that are asked for; others are fixed now, or gone with their template."""
    return {name: answer for name, answer in recorded.items() if name in questions}


def answered(
    root: Path, given: Mapping[str, str], recorded: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    """Return the answers to the questions of the template in `root`, those given before recorded.

    Raise UnansweredError where a question without a default has none, or as `checked`.
    """
    questions = load(root)
    found = {**kept(recorded, questions), **checked(given, questions, fixed(root))}
    unanswered = missing(questions, found)
    if unanswered:
        raise UnansweredError(unanswered)
    return found


def missing(questions: Mapping[str, Question], given: Container[str]) -> list[Question]:
    """Return the questions that have neither a default nor an answer."""
    return [
        question
        for name, question in questions.items()
        if question.required and name not in given and name not in OWN_FLAGS
    ]


def parsed(pairs: Iterable[str]) -> dict[str, str]:
    """Return answers typed as QUESTION=VALUE; raise UsageError for anything else."""
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise errors.UsageError(f"--answer takes QUESTION=VALUE, not {pair!r}")
        given[name] = value
    return given


def checked(
    given: Mapping[str, str],
    questions: Mapping[str, Question],
    fixed: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the answers; raise AnswerError for an unknown question or a value it does not take.

    `fixed` are the answers that nobody is asked for.
    """
    for name, value in given.items():
        problem = _problem(name, value, questions, fixed)
        if problem:
            raise AnswerError(name, problem)
    return dict(given)


def _problem(
    name: str, value: str, questions: Mapping[str, Question], fixed: Mapping[str, str]
) -> errors.UsageError | None:
    if name in OWN_FLAGS:
        return errors.UsageError(f"the answer to {name!r} is given with {OWN_FLAGS[name]}")
    if name in fixed:
        return errors.UsageError(f"{name} is fixed by the team's template: {fixed[name]}")
    if name not in questions:
        askable = questions.keys() - OWN_FLAGS.keys()
        return errors.unknown("question", name, askable, "viscaffold new --help")
    choices = questions[name].choices
    if choices and value not in choices:
        return errors.UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}")
    return None
