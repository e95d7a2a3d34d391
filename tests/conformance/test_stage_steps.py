"""What the catalogue says of services with a stage is true: its `verify` steps are played."""

from contextlib import AbstractContextManager
from typing import Any

import pytest
from conftest import STAGES, MakeProgram
from running import Program, Run

from scaffolder.templates import catalogue, template
from scaffolder.templates.stage import Step
from scaffolder.verify import requests
from scaffolder.verify.steps import NotAsExpectedError

SETS = [*((name,) for name in STAGES), STAGES]


def started(service: Program, step: Step) -> AbstractContextManager[Run]:
    """Start a service with the settings of a step."""
    settings: dict[str, Any] = dict(step.settings)
    return service.start(**settings)


def play(step: Step, run: Run) -> None:
    requests.play(step, run.port, run.log)


@pytest.mark.parametrize("stages", SETS, ids="-".join)
def test_a_service_does_what_the_catalogue_says_of_its_stages(
    program: MakeProgram, stages: tuple[str, ...]
) -> None:
    service = program(*stages)
    known = catalogue.load(template.builtin().root, service.language)
    steps = [step for name in known.closure(stages) for step in known.stages[name].verify]
    assert steps
    for step in steps:
        with started(service, step) as run:
            play(step, run)


@pytest.mark.parametrize(
    "step",
    [
        Step("another status", request="GET /health", status=404),
        Step("another text", request="GET /health", status=200, text="no such text"),
        Step("other JSON", request="GET /health", status=200, json={"status": "broken"}),
        Step("no such member", request="GET /health", status=200, json={"nobody": 1}),
        Step("no such line", log="no such line"),
    ],
    ids=lambda step: step.about,
)
def test_a_step_that_is_not_true_is_a_problem(
    program: MakeProgram, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    monkeypatch.setattr(requests, "SECONDS", 1.0)
    with started(program(), step) as run, pytest.raises(NotAsExpectedError):
        play(step, run)
