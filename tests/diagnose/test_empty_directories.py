"""Directories that a program lists last, and that are empty."""

from typing import Any

import pytest
from recorded import File, case, folder

from examples import EXAMPLES, SERVER, STARTED
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.judge import judge

OWN = Swallowed("ValueError: no jobs", frozenset({"ValueError"}), "/app/main.py:3", "sys.exit(1)")
LISTED = EXAMPLES["directory-empty"]["trace"]


@pytest.mark.parametrize(
    ("differs", "is_told"),
    [
        ({}, True),
        ({"swallowed": OWN}, True),
        ({"files": {**SERVER, "/data": folder(), "/data/a.job": File(b"")}}, False),
        ({"swallowed": Swallowed("OSError", frozenset({"OSError"}), "/a.py:3", "")}, False),
        ({"trace": LISTED.replace("/data", "/usr/lib/app")}, False),
        ({"trace": LISTED.replace("x=90800", "x=80000")}, False),
        ({"log": "FATAL: no such queue"}, False),
        ({"exit_code": 0, "trace": LISTED.replace("7\t1\t0", "7\t0\t0")}, False),
    ],
    ids=[
        "silent", "its own exception", "has something", "of a call", "of a runtime", "no list",
        "says why", "is done",
    ],
)  # fmt: skip
def test_the_empty_directory_that_was_listed_last_is_told(
    differs: dict[str, Any], *, is_told: bool
) -> None:
    found = judge(case(**{**EXAMPLES["directory-empty"], **differs}))

    assert (found.cause == "directory-empty") is is_told
    assert ("which is the volume data: it is empty" in found.text) is is_told


def test_a_call_that_failed_afterwards_is_told_instead() -> None:
    trace = (
        f"{STARTED}{LISTED.splitlines()[1]}\nC\t2\t7\t7\topenat\t-13\tp=/data/x\tx=0\nX\t3\t7\t1\t0"
    )

    assert judge(case(**{**EXAMPLES["directory-empty"], "trace": trace})).cause != "directory-empty"
