"""Where a service fails, `diagnose` and `report` name the commands for an emergency."""

from pathlib import Path

import pytest
from conftest import MakeService

from scaffolder.commands import answer_output, emergency
from scaffolder.diagnose.report import markdown

ANSWER = {
    "target": "orders",
    "verdict": "proven",
    "pattern": "process",
    "cause": {"id": "x", "text": "it ended"},
    "fix": {"text": "repair it", "commands": []},
    "evidence": [],
    "ruled_out": [],
    "other_causes": [],
    "not_read": [],
}
PARTS = {
    "diagnosis": ANSWER,
    "environment": {},
    "settings": [],
    "timeline": [],
    "reproduce": "",
    "actual": "exited",
    "logs": [],
    "prevention": "",
}


def test_in_a_service_they_are_named(
    service: MakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    service()
    steps = emergency.steps("the shop's")
    answer_output.show(ANSWER, steps)
    said, report = capsys.readouterr().out, markdown.render(PARTS, steps)

    for command in (
        "viscaffold rollback --container",
        "viscaffold minimal 'the shop'\"'\"'s'",
        "viscaffold bisect",
    ):
        assert command in said
        assert command in report


def test_of_a_healthy_container_and_elsewhere_they_are_not(
    service: MakeService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    answer_output.show({**ANSWER, "verdict": "healthy"}, emergency.steps("orders"))
    healthy = {**PARTS, "diagnosis": {**ANSWER, "verdict": "healthy"}}
    report = markdown.render(healthy, emergency.steps("orders"))
    monkeypatch.chdir(root.parent)

    assert "emergency" not in capsys.readouterr().out + report
    assert emergency.steps("orders") == {}
    assert Path.cwd() == root.parent
