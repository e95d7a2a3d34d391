"""Verifications as JUnit XML, which every CI system shows."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .outcome import Outcome, Result, Verification

UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, not even escaped."""


def document(name: str, verification: Verification) -> bytes:
    """Return a report with a test case for each step; a step that warned was skipped."""
    outcomes = verification.outcomes
    suite = Element(
        "testsuite",
        name=f"viscaffold verify ({verification.level})",
        tests=str(len(outcomes)),
        failures=str(sum(outcome.result is Result.FAILED for outcome in outcomes)),
        errors="0",
        skipped=str(sum(outcome.result is Result.WARNED for outcome in outcomes)),
        time=f"{verification.seconds:.3f}",
        timestamp=verification.began.isoformat(timespec="seconds"),
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="gitTree", value=verification.tree)
    if verification.image:
        SubElement(properties, "property", name="image", value=verification.image)
    for outcome in outcomes:
        _add(suite, name, outcome)
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    content: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + content + b"\n"


def _add(suite: Element, name: str, outcome: Outcome) -> None:
    time = f"{outcome.seconds:.3f}"
    case = SubElement(suite, "testcase", classname=name, name=_plain(outcome.step), time=time)
    if outcome.result is Result.FAILED:
        failure = SubElement(case, "failure", message=_plain(outcome.found))
        failure.text = _plain(f"expected: {outcome.expected}\nfound: {outcome.found}")
    elif outcome.result is Result.WARNED:
        SubElement(case, "skipped", message=_plain(outcome.found))
    if outcome.log:
        SubElement(case, "system-out").text = _plain("\n".join(outcome.log))


def _plain(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
