"""What moving a service to another template comes to: its answers, its stages, what is said."""

from collections.abc import Sequence
from typing import Any

from . import catalogue, names, questions
from .growth import Operation
from .overlays import versions
from .project import Project
from .source import Source


def operation(service: Project, target: Source, pairs: Sequence[str] = ()) -> Operation:
    """Return the operation that moves a service to the template `target`.

    `pairs` answer questions that are new. Raise UsageError for one that is not answered.
    """
    answers, notes = _answers(service, target, pairs)
    to = versions.targets(service.source, target)
    subject = " ".join(f"--to {version}" for version in to)
    return Operation("update", subject, f"template/{'+'.join(to)}", target, answers, notes)


def _answers(
    service: Project, target: Source, pairs: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the answers for another version: its questions, and what became of the stages."""
    known = catalogue.load(target.root)
    kept, notes = [], []
    for name in service.stages:
        now = known.successor(name)
        if now is None:
            why = known.removed.get(name, "the template has it no longer")
            notes.append(f"the stage {name} goes: {names.printable(why)}")
        else:
            kept.append(now)
            notes += [f"the stage {name} is called {now} now"] if now != name else []
    asked = questions.load(target.root)
    given = questions.answers(pairs, asked, questions.fixed(target.root))
    answers = questions.complete({**questions.kept(service.answers, asked), **given}, asked)
    return {**answers, "stages": known.chosen(kept)}, notes
