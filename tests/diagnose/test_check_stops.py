"""Health checks that stop the container which they check."""

from typing import Any

import pytest
from recorded import case

from examples import DIED, SERVER
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.facts import Event, Health, Probe
from scaffolder.diagnose.verdict.judge import judge

MISSING = Probe(127, "/bin/sh: 1: curl: not found\n")
STOP = Event(DIED.timestamp() - 1, "kill", signal=15)


def checked(words: str, *log: Probe, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    check = HealthCheck(("CMD-SHELL", words), 1.0, 2.0, 0.0, 2)
    state = {"health": Health("unhealthy", len(log), log)}
    return {"files": SERVER, "exit_code": 0, "config": {"check": check}, "state": state, **more}


@pytest.mark.parametrize(
    "words", ["curl -f localhost || kill -TERM 1", "wget -q x || pkill server"]
)
@pytest.mark.parametrize("status", [0, 137])
def test_what_the_check_got_is_told(words: str, status: int) -> None:
    found = judge(case(**checked(words, MISSING, exit_code=status)))

    assert (found.cause, found.verdict) == ("check-stops-it", "likely")
    assert "curl: not found" in found.text


@pytest.mark.parametrize(
    "of",
    [
        checked("curl -f localhost || exit 1", MISSING),
        checked("curl -f localhost || kill 1", MISSING, exit_code=1),
        checked("curl -f localhost || kill 1", sources={"happened": (STOP, Event(DIED.timestamp(), "die", 0))}),
    ],
    ids=["it only fails", "another status", "somebody else stops it"],
)  # fmt: skip
def test_other_ends_are_none_of_the_check(of: dict[str, Any]) -> None:
    assert judge(case(**of)).cause != "check-stops-it"
