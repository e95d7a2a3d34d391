"""What a cluster answers is hostile: read rightly or refused, and shown without effect."""

import json

import pod_examples as examples
import pods
import pytest
from test_hostile_answers import ODD, changed, places
from test_reports import outside_code

from scaffolder.diagnose.report import contents, markdown
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.errors import UnreadableError, UsageError

FOUND, *EVENTS = examples.probed("liveness", "HTTP probe failed with statuscode: 500")
FOUND["spec"]["containers"] = [
    pods.container(
        livenessProbe=pods.PROBE, envFrom=[{"secretRef": {"name": "orders"}}],
        env=[{"name": "A", "value": "b"}, {"name": "C", "valueFrom": {"fieldRef": {"x": "y"}}}],
        securityContext={"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}},
        volumeMounts=[{"name": "data", "mountPath": "/data", "readOnly": True}],
    )
]  # fmt: skip
FOUND["spec"]["volumes"] = [{"name": "data", "secret": {"secretName": "orders"}}]
FOUND["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = "x"
WAYS = places(FOUND)
HOSTILE = "x\x1b[2J`$(touch PASTED)` ![x](https://evil.example/t.png) @acme <img src=y>"


@pytest.mark.parametrize("part", range(8))
def test_a_value_of_a_strange_type_is_read_rightly_or_refused(part: int) -> None:
    for way in WAYS[part::8]:
        for odd in ODD:
            try:
                found = pods.case(changed(FOUND, way, odd), *EVENTS)
            except (UnreadableError, UsageError):
                continue
            assert found.phase


@pytest.mark.parametrize("part", range(4))
def test_a_strange_event_or_node_is_read_rightly_or_refused(part: int) -> None:
    for way in places(EVENTS[0])[part::4]:
        for odd in ODD[::3]:
            try:
                assert judge(pods.case(FOUND, changed(EVENTS[0], way, odd))).verdict
            except UnreadableError:
                continue
    for way in places(pods.node())[part::4]:
        for odd in ODD:
            try:
                assert pods.case(FOUND, node=changed(pods.node(), way, odd)).phase
            except UnreadableError:
                continue


def test_words_of_the_cluster_have_no_effect() -> None:
    told = pods.status(pods.waiting(HOSTILE, HOSTILE), pods.terminated(1, HOSTILE), 3)
    found = pods.case(
        pods.pod(told, phase=HOSTILE, conditions=[{"type": "Ready", "status": HOSTILE}]),
        pods.event("Failed", HOSTILE),
        log=HOSTILE,
    )
    answer = document(found, judge(found), 0)
    report = markdown.render(contents.report({}, found, answer))

    assert "\x1b" not in json.dumps(answer, ensure_ascii=False) + report
    for part in ("evil.example", "@acme", "<img"):
        assert part not in outside_code(report)
