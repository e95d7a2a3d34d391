"""The catalogue's page is current, and what causes point to is there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffolder.diagnose.causes import page
from scaffolder.diagnose.causes.catalogue import PATTERNS, SOURCES, cause, causes

ROOT = Path(__file__).parent.parent.parent


def test_the_page_of_causes_is_current() -> None:
    assert (ROOT / "docs/causes.md").read_text("utf-8") == page.render(), (
        ".venv/bin/python -m scaffolder.diagnose.causes.page makes it"
    )


def test_every_cause_points_to_a_heading_of_the_runbook(
    pristine: Callable[[tuple[str, ...]], Path],
) -> None:
    text = (pristine(()) / "docs/runbook.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}

    assert {known.page for known in causes()} <= anchors


def test_every_pattern_has_causes_and_every_source_is_read() -> None:
    known = list(causes())

    assert {one.pattern for one in known} == set(PATTERNS)
    assert {source for one in known for source in one.reads} == set(SOURCES)


def test_a_cause_is_not_declared_twice_nor_wrongly() -> None:
    with pytest.raises(ValueError, match="no-command"):
        cause("no-command", "", pattern="image", reads=[], page="")(lambda _case: None)
    with pytest.raises(ValueError, match="tea-leaves"):
        cause("new", "", pattern="image", reads=["tea-leaves"], page="")(lambda _case: None)
