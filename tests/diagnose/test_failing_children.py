"""Programs that a loop starts again and again, and that fail each time."""

from typing import Any

import pytest
from recorded import case

from examples import EXAMPLES, RESTARTED
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

ONCE = RESTARTED.replace("X\t2101\t2100\t1\t0", "X\t2101\t2100\t0\t0")
CONNECTS = RESTARTED.replace(
    "openat\t-2\tp=/etc/worker/env\tx=0", "connect\t-111\ta=inet:10.0.0.9:80"
)
WITH_ANOTHER = RESTARTED.replace(
    "T\t7000", "N\t3000\t4000\t7\nP\t3000\t4000\t/app/web\t/app/web\\x00\nT\t7000"
)
AND_WORKS = RESTARTED.replace(
    "T\t7000",
    "N\t2300\t3000\t7\nP\t2300\t3000\t/app/report\t/app/report\\x00\nX\t2400\t3000\t0\t0\nT\t7000",
)


@pytest.mark.parametrize(
    ("differs", "is_told"),
    [
        ({}, True),
        ({"trace": RESTARTED.replace("/app/worker\t/app/worker", "/bin/bash\tbash\\x00/app/w.sh")}, True),
        ({"trace": RESTARTED.replace("/app/worker\t/app/worker", "/usr/bin/grep\tgrep")}, False),
        ({"trace": ONCE}, False),
        ({"trace": CONNECTS}, False),
        ({"trace": WITH_ANOTHER}, False),
        ({"trace": AND_WORKS}, False),
        ({"trace": RESTARTED.replace("T\t7000\n", "")}, False),
        ({"log": "worker: starting"}, False),
        ({"sources": {"listening": (Socket("0.0.0.0", 8080),)}}, False),
    ],
    ids=[
        "a program", "a script", "a tool that asks", "succeeds once", "reaches nobody",
        "runs another", "does more", "is not watched to the end", "says something", "serves",
    ],
)  # fmt: skip
def test_who_only_starts_what_fails_each_time_is_not_well(
    differs: dict[str, Any], *, is_told: bool
) -> None:
    found = judge(case(**{**EXAMPLES["child-fails-again"], **differs}))

    assert (found.cause == "child-fails-again") is is_told
    assert ("failed: openat('/etc/worker/env'): no such file" in found.text) is is_told
