"""Evidence as the in-toto framework's own library reads it, and damaged evidence."""

import copy
import json
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from verifications import BROKEN, FAILED, MISSING, PASSED, TESTS, TREE, WARNED, verification

from scaffolder.verify import statement
from scaffolder.verify.outcome import Level, Verification

IMAGE = f"sha256:{'ab' * 32}"
BUILT = verification(TESTS, level=Level.CONTAINER, image=IMAGE)


@pytest.mark.parametrize("given", [PASSED, WARNED, FAILED, BUILT])
def test_the_framework_accepts_statement_and_predicate(given: Verification) -> None:
    document = json.loads(json.dumps(statement.statement(given)))
    parsed = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()

    assert parsed.type == "https://in-toto.io/Statement/v1"
    assert parsed.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert parsed.subject[0].digest["gitTree"] == TREE
    assert [*parsed.subject[-1].digest.values()] == [given.image.removeprefix("sha256:") or TREE]


@pytest.mark.parametrize("given", [PASSED, WARNED, FAILED])
def test_the_predicate_has_what_the_framework_defines_and_one_field_of_ours(
    given: Verification,
) -> None:
    predicate = statement.statement(given)["predicate"]
    ours = predicate.pop(statement.EXTENSION)
    parsed = json_format.ParseDict(predicate, test_result_pb2.TestResult())

    assert parsed.result == given.result
    assert [step["name"] for step in ours["steps"]] == [o.step for o in given.outcomes]
    assert parsed.configuration[0].annotations["stages"] == ["api", "auth"]
    assert len(parsed.configuration[0].digest["sha256"]) == 64


def test_steps_are_listed_by_their_results() -> None:
    found = statement.statement(verification(TESTS, MISSING, BROKEN))["predicate"]

    assert found["result"] == "FAILED"
    assert [found[name] for name in ("passedTests", "warnedTests", "failedTests")] == [
        ["tests"],
        ["build"],
        ["start"],
    ]


@pytest.mark.parametrize("given", [PASSED, WARNED, FAILED, BUILT])
def test_what_is_written_is_read_as_it_was(given: Verification) -> None:
    assert statement.verification(json.loads(json.dumps(statement.statement(given)))) == given


def _changed(*path: str | int, to: object) -> Any:  # noqa: ANN401 - a document
    document = copy.deepcopy(statement.statement(BUILT))
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to
    return document


OURS = ("predicate", statement.EXTENSION)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "no statement"),
        ([], "no statement"),
        ({}, "no statement"),
        (_changed("_type", to="https://in-toto.io/Statement/v0.1"), "another type"),
        (_changed("predicateType", to="https://slsa.dev/provenance/v1"), "another type"),
        (_changed("subject", to=[]), "no statement"),
        (_changed("subject", 0, "digest", to={"gitTree": 7}), "no statement"),
        (_changed("subject", 1, "digest", "sha256", to="../../etc"), "no digest"),
        (_changed("predicate", "result", to="FAILED"), "its steps are PASSED"),
        (_changed("predicate", "configuration", to=[]), "no statement"),
        (_changed(*OURS, "level", to="everything"), "everything"),
        (_changed(*OURS, "began", to="yesterday"), "yesterday"),
        (_changed(*OURS, "began", to="2026-11-27T01:30:00"), "no zone"),
        (_changed(*OURS, "steps", 0, "seconds", to=float("inf")), "no time"),
        (_changed(*OURS, "steps", 0, "result", to="FINE"), "FINE"),
        (_changed(*OURS, "steps", 0, "log", to=[["nested"]]), "no statement"),
    ],
)
def test_what_no_viscaffold_wrote_is_told_apart(document: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        statement.verification(document)
