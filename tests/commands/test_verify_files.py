"""`verify --export` and `--junit`: what CI keeps, signs and shows."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from conftest import MakeService, git, viscaffold
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from verifications import BROKEN, TESTS, verification

from scaffolder.engine.git import repository
from scaffolder.operations import proof
from scaffolder.verify import evidence
from scaffolder.verify.outcome import Level


def known(root: Path) -> str:
    """Say that what is staged was verified; return its tree."""
    tree = git(root, "write-tree").strip()
    found = repository(root)
    assert found
    evidence.keep(found, verification(tree=tree))
    return tree


def test_evidence_is_exported_without_verifying_again(service: MakeService, tmp_path: Path) -> None:
    root = service()
    tree = known(root)
    files = (tmp_path / "evidence.json", tmp_path / "junit.xml")
    ran = viscaffold("verify", "--export", str(files[0]), "--junit", str(files[1]))
    document = json.loads(files[0].read_text(encoding="utf-8"))
    Statement.copy_from_pb(json_format.ParseDict(document, statement_pb2.Statement())).validate()

    assert ran.code == 0, ran.err
    assert document["subject"][0]["digest"] == {"gitTree": tree}
    assert "log" not in document["predicate"]["viscaffold"]
    assert ET.parse(files[1]).find("testsuite/testcase").get("name") == "tests"  # type: ignore[union-attr]
    assert git(root, "status", "--porcelain") == ""


def test_a_failure_is_exported_too(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    monkeypatch.setattr(proof, "verify", lambda subject, level, *_: verification(
        TESTS, BROKEN, tree=subject.tree, level=level or Level.LOCAL
    ))  # fmt: skip
    ran = viscaffold("verify", "--export", str(tmp_path / "evidence.json"))
    document = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))

    assert ran.code == 4
    assert document["predicate"]["failedTests"] == ["start"]


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(
    service: MakeService,
) -> None:
    service()
    for place in ("nowhere/evidence.json", "src"):
        ran = viscaffold("verify", "--export", place)
        assert ran.code == 2
        assert place.partition("/")[0] in ran.err
