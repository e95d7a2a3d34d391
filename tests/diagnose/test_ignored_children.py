"""Programs that were started with SIGCHLD ignored, and wait for their children in vain."""

import pytest
from recorded import File, case

from examples import SERVER, STARTED, sh
from scaffolder.diagnose.verdict.judge import judge

CHILD = "N\t1\t8\t7\nP\t2\t8\t/bin/check\tcheck\\x00\nX\t3\t8\t0\t0\n"
WAITS = "C\t4\t7\t7\twait4\t-10\ti=8\n"
ENDS = "X\t9\t7\t1\t0"
FAILED = "configuration check failed"


def test_a_child_that_the_kernel_has_reaped_is_told() -> None:
    trace = f"{STARTED}{CHILD}{WAITS}{ENDS}"
    found = judge(case(files=SERVER, exit_code=1, trace=trace, log=FAILED))

    assert (found.cause, found.verdict) == ("children-unwaited", "likely"), found
    assert "SIGCHLD is ignored" in found.text


@pytest.mark.parametrize("line", ["trap '' CHLD", 'trap "" SIGCHLD'])
def test_the_script_that_has_it_ignored_is_named(line: str) -> None:
    trace = f"{STARTED}{CHILD}{WAITS}{ENDS}"
    example = sh(f"#!/bin/sh\n{line}\nexec /app/server\n", exit_code=1, trace=trace, log=FAILED)
    found = judge(case(**example))

    assert "; /s.sh sets that" in found.text, found
    assert f"leave out `{line}`" in found.fix


@pytest.mark.parametrize(
    "trace",
    [
        f"{STARTED}{CHILD}{WAITS.replace('i=8', 'i=-1')}{ENDS}",
        f"{STARTED}{CHILD}{WAITS.replace('i=8', 'i=99')}{ENDS}",
        f"{STARTED}{CHILD}{WAITS.replace('-10', '8')}{ENDS}",
        f"{STARTED}{CHILD}{ENDS}",
    ],
    ids=["whoever is left", "no child of its own", "it gets to know", "does not wait"],
)
def test_other_waits_are_usual(trace: str) -> None:
    found = judge(case(files={**SERVER, "/x": File()}, exit_code=1, trace=trace, log=FAILED))

    assert found.cause != "children-unwaited"
