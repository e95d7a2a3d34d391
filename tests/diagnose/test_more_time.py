"""A timer that rings before a program is at work: copies get more time."""

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.more_time import more_time

SOUGHT = "C\t20\t7\t7\tnewfstatat\t-2\tp=/app/thumbs/__init__.so\n"
RINGS = "S\t300\t7\t14\t128\t0\t0\nX\t301\t7\t0\t14"


def ends(records: str, exit_code: int = 142, log: str = "", **env: str) -> Case:
    trace = f"{STARTED}{records}"
    return case(files=SERVER, exit_code=exit_code, log=log, trace=trace, config={"env": env})


def given(of: Case) -> list[str]:
    return [factor.flags for factor in more_time(of)]


def test_an_alarm_is_given_more_time_and_what_was_sought_before_is_no_cause() -> None:
    of = ends(SOUGHT * 2 + RINGS, WATCHDOG_MS="30", PORT="8080", NAME="7")

    assert judge(of).cause == "ended-by-signal"
    assert given(of) == ["-e WATCHDOG_MS=30000"]


@pytest.mark.parametrize(
    ("name", "value", "is_time"),
    [
        ("STARTUP_TIMEOUT", "10", True),
        ("GRACE_SECONDS", "5", True),
        ("WAIT_MS", "30", True),
        ("START_DELAY_SECONDS", "2", False),
        ("POLL_MS", "50", False),
        ("DEADLINE", "10s", False),
        ("TIMEOUT", "0", False),
        ("MSG_SIZE", "10", False),
        ("RETRIES", "3", False),
    ],
)
def test_a_silent_end_may_come_too_soon(name: str, value: str, *, is_time: bool) -> None:
    of = ends("X\t301\t7\t1\t0", 1, **{name: value})

    assert given(of) == ([f"-e {name}={value}000"] if is_time else [])


@pytest.mark.parametrize(
    ("records", "log"),
    [
        ("C\t200\t7\t7\topenat\t-2\tp=/etc/app.toml\tx=0\nX\t301\t7\t1\t0", ""),
        ("C\t200\t7\t7\tresolve\t0\tn=store\nX\t301\t7\t1\t0", ""),
        ("X\t301\t7\t1\t0", "error: the licence is over"),
        ("X\t301\t7\t0\t0", ""),
    ],
    ids=["a call failed", "it asked somebody", "it says why", "it ended well"],
)
def test_what_ended_over_something_else_gets_no_more_time(records: str, log: str) -> None:
    code = 0 if records.endswith("\t0\t0") else 1

    assert given(ends(records, code, log, TIMEOUT="5")) == []
