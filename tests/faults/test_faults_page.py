"""The page of faults says what its tables say, and counts it."""

import faults_page
import pytest
from dependents import PEERS
from fault import PLACES
from outage import KINDS
from outages import DEPENDENCIES
from tables import BASELINES, TABLES

TEXT = faults_page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_scripts_faults_writes() -> None:
    """Its sentences count what is in its tables."""
    assert faults_page.write(faults_page.read(TEXT)) == TEXT


@pytest.mark.parametrize("language", TABLES)
def test_every_fault_was_injected_into_every_service(language: str) -> None:
    """Run scripts/faults if this fails."""
    found = faults_page.read(TEXT)[language]
    titles = [*PLACES, *(baseline.title for baseline in BASELINES[language])]
    assert {group: [*rows] for group, rows in found.items()} == {
        group: [fault.name for fault in faults if not fault.stage]
        for group, faults in TABLES[language].items()
    }
    assert all(list(row) == titles for rows in found.values() for row in rows.values())
    assert faults_page.NOT_RUN not in TEXT


def test_every_fault_of_a_dependency_was_played_and_every_promise_kept() -> None:
    """Run scripts/faults dependencies if this fails."""
    found = faults_page.read(TEXT)[faults_page.DEPENDENCIES]
    groups = {
        faults_page.key(dependency.group(stage)): dependency
        for dependency in DEPENDENCIES
        for stage in dependency.stages
    }
    assert [*found] == [*groups]
    for group, dependency in groups.items():
        has = {outage.kind for outage in dependency.outages}
        assert tuple(found[group]) == KINDS
        for kind, row in found[group].items():
            assert [*row][:2] == ["Python", "Rust"]
            assert {*row} <= {"Python", "Rust", *PEERS}
            for title in ("Python", "Rust"):
                assert (row[title] != "-") == (kind in has)
                assert "(" not in row[title], "a promise was broken"


def test_only_faults_that_every_service_met_are_counted() -> None:
    row = dict.fromkeys(PLACES, "named, goes on")
    met = {
        "panic": {**row, "other": "named, status 101"},
        "abort": {**row, "other": "silent, status 134"},
        "bad log level": {**row, "other": "-"},
        "SIGKILL of all of it": {**dict.fromkeys(PLACES, "status 137"), "other": "status 137"},
    }
    assert faults_page.count({"start": met}) == (
        "All of these services met 2 of the faults in a container. "
        "The service of viscaffold named 2 of them; other: 1."
    )
