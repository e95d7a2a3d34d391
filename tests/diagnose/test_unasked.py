"""A script that asks with `kill -0` whether its child is still there, and not how it ended."""

from typing import Any

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

SCRIPT = "#!/bin/bash\n/app/server &\nwhile kill -0 $! 2>/dev/null; do sleep 1; done\n"
BEGAN = "P\t0\t7\t/bin/bash\tbash\\x00/s.sh\nN\t2\t8\t7\nP\t3\t8\t/app/server\t/app/server\n"
LOOKS = "C\t4\t8\t8\topenat\t-2\tp=/etc/app.conf\n"
GONE = "C\t9\t7\t7\tkill\t-3\ti=8\ti=0\n"


def told(records: str, script: str = SCRIPT) -> Any:  # noqa: ANN401 - a judgement
    return judge(case(**sh(script, exit_code=0, trace=records)))


@pytest.mark.parametrize(
    ("records", "is_told"),
    [
        (f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\n{GONE}X\t9\t7\t0\t0", True),
        (f"{BEGAN}X\t5\t8\t0\t11\n{GONE}X\t9\t7\t0\t0", True),
        (f"{BEGAN}X\t5\t8\t0\t0\n{GONE}X\t9\t7\t0\t0", False),
        (f"{BEGAN}X\t5\t8\t0\t15\n{GONE}X\t9\t7\t0\t0", False),
        (f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\nX\t9\t7\t0\t0", False),
        (f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\n{GONE}X\t9\t7\t1\t0", False),
        (f"{BEGAN}X\t5\t8\t1\t0\n{GONE}N\t10\t9\t7\nP\t11\t9\t/app/server\tx\nX\t12\t9\t0\t0\nX\t13\t7\t0\t0", False),
    ],
    ids=["failed", "crashed", "done", "stopped", "not asked", "passed on", "goes on"],
)  # fmt: skip
def test_a_failure_that_a_script_does_not_ask_for_is_told(records: str, *, is_told: bool) -> None:
    found = told(records)

    assert (found.cause == "status-unasked") is is_told, found


def test_what_the_child_wanted_is_named() -> None:
    found = told(f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\n{GONE}X\t9\t7\t0\t0")

    assert "`/app/server` ends with status 1; before that: openat('/etc/app.conf')" in found.text


def test_a_script_that_asks_whether_a_process_is_there_waits_for_it() -> None:
    other = SCRIPT.replace("while kill -0 $! 2>/dev/null; do sleep 1; done", "echo started")

    assert judge(case(**sh(SCRIPT, exit_code=0))).cause != "background-only"
    assert judge(case(**sh(other, exit_code=0))).cause == "background-only"


WAITS = "#!/bin/bash\n/app/server &\nwait\n"


@pytest.mark.parametrize(
    ("script", "records", "is_told"),
    [
        (WAITS, f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\nX\t9\t7\t0\t0", True),
        (WAITS, f"{BEGAN}X\t5\t8\t0\t0\nX\t9\t7\t0\t0", False),
        (WAITS, f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\nX\t9\t7\t1\t0", False),
        (f"{WAITS}echo done\n", f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\nX\t9\t7\t0\t0", False),
        (WAITS, f"{BEGAN}{LOOKS}X\t5\t8\t1\t0\nN\t6\t9\t7\nX\t7\t9\t0\t0\nX\t9\t7\t0\t0", False),
    ],
    ids=["failed", "done", "passed on", "goes on", "another one is done last"],
)  # fmt: skip
def test_wait_without_a_number_tells_of_no_failure(
    script: str, records: str, *, is_told: bool
) -> None:
    found = told(records, script)

    assert (found.cause == "status-unasked") is is_told, found


def test_a_network_that_only_the_copy_lacks_is_no_failure() -> None:
    asks = "C\t4\t8\t8\tconnect\t-101\ta=inet:10.0.0.1:80\tf=3:socket:[9]\n"
    found = told(f"{BEGAN}{asks}X\t5\t8\t1\t0\nX\t9\t7\t0\t0", WAITS)

    assert found.cause != "status-unasked", found
