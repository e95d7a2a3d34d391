"""The page of faults says what its tables say, and counts it."""

import faults_page
import pytest
from fault import PLACES
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
    assert found.keys() == TABLES[language].keys()
    assert all(list(row) == titles for rows in found.values() for row in rows.values())
    assert faults_page.NOT_RUN not in TEXT


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
