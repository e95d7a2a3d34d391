"""The harness of faults complains of each thing that it looks at."""

import signal

import pytest
from fault import LIVES, MOMENT, Fault
from harness import Outcome

FAULT = Fault("killed", "killed by SIGKILL", 137, send=(signal.SIGKILL,))
NAMED = "2026-11-26 12:00:00,000 CRITICAL supervisor: orders: killed by SIGKILL"


def test_a_fault_that_is_named_in_time_with_its_status_is_no_complaint() -> None:
    assert Outcome(0.1, 137, NAMED).complaints(FAULT, 137) == []


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (Outcome(None, 137, ""), "the log does not have 'killed by SIGKILL'"),
        (Outcome(10 * MOMENT, 137, NAMED), "the cause was named after 20.0 s"),
        (Outcome(0.1, 0, NAMED), "status 0 instead of 137"),
        (Outcome(0.1, LIVES, NAMED), "status None instead of 137"),
        (Outcome(0.1, 137, f"{NAMED}\n{NAMED}"), "2 critical lines"),
    ],
)
def test_each_thing_that_is_wrong_is_a_complaint(outcome: Outcome, complaint: str) -> None:
    assert outcome.complaints(FAULT, 137) == [complaint]
