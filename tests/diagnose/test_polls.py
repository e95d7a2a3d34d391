"""What a running program asks for again and again, and what is no such wait."""

from typing import Any

import pytest
from recorded import case

from examples import EXAMPLES, STARTED
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

ASKS = "C\t{}\t7\t7\tnewfstatat\t{}\tp=/ipc/engine.sock\n"


def polling(**differs: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return {**EXAMPLES["polls-elsewhere"], **differs}


def test_a_path_that_a_mount_has_elsewhere_is_named_with_both_places() -> None:
    found = judge(case(**polling()))

    assert (found.cause, found.verdict) == ("polls-elsewhere", "likely")
    assert "/ipc/engine.sock" in found.text
    assert "/run/engine/engine.sock" in found.text
    assert "-v ipc:/ipc" in found.fix


@pytest.mark.parametrize(
    "differs",
    [
        {"trace": STARTED + ASKS.format(1, -2) + ASKS.format(2, -2)},
        {"trace": STARTED + "".join(ASKS.format(n, -2) for n in (1, 2, 3)) + ASKS.format(4, 0)},
        {"trace": STARTED + 3 * ASKS.format(1, -2) + "C\t9000\t7\t7\topenat\t3\tp=/data/next\n"},
        {"trace": STARTED + 3 * ASKS.format(1, -2) + "X\t5\t7\t0\t0\n"},
        {"trace": STARTED + 3 * ASKS.format(1, -2).replace("engine.sock", "stop")},
        {"sources": {"listening": (Socket("0.0.0.0", 8080),)}},
    ],
    ids=["twice", "it-comes", "long-ago", "has-ended", "is-nowhere", "serves"],
)
def test_what_is_no_wait_for_something_elsewhere_is_well(differs: dict[str, Any]) -> None:
    assert judge(case(**polling(**differs))).verdict == "healthy"
