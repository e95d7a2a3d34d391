"""What `new` asks for on a terminal, and the summary before anything is written."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from scaffolder import console, names, prompts
from scaffolder.errors import RefusedError
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.operations import Preset, room
from scaffolder.overlays import resolve
from scaffolder.overlays.fetch import origin
from scaffolder.prompts import BACK, Answers, Step
from scaffolder.templates import catalogue, questions
from scaffolder.templates.questions import Question
from scaffolder.templates.template import Template
from scaffolder.text import command

from .consent import Consent

PATH, LANGUAGE, STAGES, AGREED = "", "language", "stages", "?"
"""Keys of answers; the first and the last are no names that a question can have."""


def completed(path: str | None, wanted: Preset, trust: Consent) -> tuple[str, Preset]:
    """Return where to make a service, and with what, having asked for what has no default.

    Who has not named the service is asked for language and stages, too. Before anything else is
    done, what was answered is shown. Raise click.Abort if that is not what was meant, RefusedError
    where there is no room for what would be asked about.
    """
    template = resolve.asked(wanted.templates, trust)
    steps = [*_steps(template, path, wanted)]
    if not steps:
        return path or "", wanted
    if path:
        room.require_room(_absolute(path))
    console.say(prompts.WAY_BACK)
    answers: Answers = {PATH: path, STAGES: wanted.stages, **wanted.answers}
    show = Step(AGREED, lambda found: _agreed(template, found, wanted))
    prompts.walk([*steps, show], answers)
    return _answered(answers, wanted)


def _steps(template: Template, path: str | None, wanted: Preset) -> Iterator[Step]:
    """Return the questions that neither have a default nor were answered in what was typed."""
    known = questions.load(template.root)
    if path is None:
        yield Step(PATH, _ask_name)
        if LANGUAGE in known and LANGUAGE not in wanted.answers:
            yield Step(LANGUAGE, partial(_ask_one, known[LANGUAGE], [*LANGUAGES]))
        if not wanted.stages:
            yield Step(STAGES, partial(_ask_stages, template))
    for question in questions.missing(known, wanted.answers):
        if question.choices:
            yield Step(question.name, partial(_ask_one, question, [*question.choices]))
        else:
            yield Step(question.name, partial(_ask_text, question))


def _ask_name(answers: Mapping[str, Any]) -> object:
    return prompts.text("Name of the service", answers[PATH] or "", _name_problem)


def _name_problem(path: str) -> str:
    if not names.is_well_formed(Path(path).name):
        return names.SHORT_RULE
    try:
        room.require_room(_absolute(path))
    except RefusedError as error:
        said = error.message.replace(str(_absolute(path)), path)  # there is room for one line
        return " ".join(said.split())
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    return ""


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - follows no links


def _ask_one(question: Question, choices: list[str], answers: Mapping[str, Any]) -> object:
    return prompts.one(question.help, choices, answers.get(question.name, ""))


def _ask_text(question: Question, answers: Mapping[str, Any]) -> object:
    return prompts.text(question.help, answers.get(question.name, ""), lambda _: "")


def _ask_stages(template: Template, answers: Mapping[str, Any]) -> object:
    known = catalogue.load(template.root, answers.get(LANGUAGE, DEFAULT)).stages
    words = {name: f"{name:<12} {stage.summary}" for name, stage in known.items()}
    chosen = prompts.several("Stages to start with", words, answers[STAGES])
    return tuple(chosen) if isinstance(chosen, list) else chosen


def _agreed(template: Template, answers: Mapping[str, Any], wanted: Preset) -> object:
    """Show what was answered and how to type it; return True or BACK."""
    path, preset = _answered(answers, wanted)
    language = preset.answers.get(LANGUAGE, DEFAULT)
    stages = catalogue.load(template.root, language).chosen(preset.stages)
    about = {LANGUAGE: language, STAGES: ", ".join(stages) or "none", **preset.answers}
    console.say("\n", console.bold(Path(path).name), f" in {_absolute(path)}")
    for name, answer in about.items():
        console.say(f"  {name:<12} {answer}")
    console.say(f"The same again: {again(path, preset)}")
    said = prompts.agreed("Make it")
    if said is BACK or said:
        return said
    raise click.Abort


def _answered(answers: Mapping[str, Any], wanted: Preset) -> tuple[str, Preset]:
    """Return where to make it, and with what; a default that was taken is not repeated."""
    given = {k: v for k, v in answers.items() if k not in (PATH, STAGES, AGREED)}
    if given.get(LANGUAGE) == DEFAULT and LANGUAGE not in wanted.answers:
        del given[LANGUAGE]
    return answers[PATH], replace(wanted, stages=tuple(answers[STAGES]), answers=given)


def again(path: str, wanted: Preset) -> str:
    """Return the command that makes the same service and asks nothing."""
    words = ["viscaffold", "new", path]
    others = dict(wanted.answers)
    if LANGUAGE in others:
        words += ["--language", others.pop(LANGUAGE)]
    for stage in wanted.stages:
        words += ["--stage", stage]
    for question, answer in others.items():
        words += ["--answer", f"{question}={answer}"]
    for source in wanted.templates:
        words += ["--template", origin.without_credentials(source)]
    return command(*words)
