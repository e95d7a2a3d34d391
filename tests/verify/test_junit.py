"""Evidence as CI systems read it."""

from xml.etree import ElementTree as ET

from verifications import BROKEN, MISSING, TESTS, TREE, verification

from scaffolder.verify import junit
from scaffolder.verify.outcome import Outcome, Result


def test_each_step_is_a_test_case_with_its_result() -> None:
    found = ET.fromstring(junit.document("orders", verification(TESTS, MISSING, BROKEN)))
    (suite,) = found
    cases = suite.findall("testcase")

    assert suite.attrib | {"time": ""} == {
        "name": "viscaffold verify (local)",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "",
        "timestamp": "2026-11-27T01:30:00+00:00",
    }
    assert [case.get("name") for case in cases] == ["tests", "build", "start"]
    assert [[child.tag for child in case] for case in cases] == [
        [],
        ["skipped"],
        ["failure", "system-out"],
    ]
    assert "expected: a first line within 5 s" in (cases[2].findtext("failure") or "")
    assert suite.find("properties/property[@name='gitTree']").get("value") == TREE  # type: ignore[union-attr]


def test_a_log_with_anything_in_it_is_still_xml() -> None:
    wild = Outcome("start", Result.FAILED, 1, "]]>", "<a & \x00\x1b[31m\udc80>", ("\ufffe]]>",))
    (suite,) = ET.fromstring(junit.document("orders", verification(wild)))

    assert "<a & " in (suite.findtext("testcase/failure") or "")
