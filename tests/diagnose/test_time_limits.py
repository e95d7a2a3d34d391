"""What a script runs under `timeout`: it ends when its time is over, as timeout(1) does."""

from datetime import timedelta
from typing import Any

import pytest
from recorded import NOW, case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

KILLS = 'timeout -s KILL "$LIMIT" /app/server || exit $?'
BEGAN = NOW - timedelta(seconds=600)


def told(script: str, seconds: float, exit_code: int, **env: str) -> Any:  # noqa: ANN401 - a judgement
    state = {"started": BEGAN, "finished": BEGAN + timedelta(seconds=seconds)}
    text = f"#!/bin/sh\n{script}\n"
    return judge(case(**sh(text, exit_code=exit_code, state=state, config={"env": env})))


@pytest.mark.parametrize(
    ("script", "seconds", "exit_code", "is_told"),
    [
        (KILLS, 3.4, 137, True),
        (KILLS, 2.9, 137, False),
        (KILLS, 9, 137, False),
        (KILLS, 3.4, 124, False),
        (f"({KILLS}) 2>/dev/null", 3.4, 137, True),
        ("timeout 3 /app/server", 3.1, 124, True),
        ("timeout 3 /app/server", 3.1, 137, False),
        ("timeout --signal=KILL 3s /app/server", 3.1, 137, True),
        ("timeout -k 2 1m /app/server", 61, 124, True),
        ("timeout -k 2 1m /app/server", 3, 124, False),
        ("timeout $LATER /app/server", 3, 124, False),
    ],
)
def test_the_time_of_a_timeout_is_over_if_the_container_lived_for_it(
    script: str, seconds: float, exit_code: int, *, is_told: bool
) -> None:
    found = told(script, seconds, exit_code, LIMIT="3")

    assert (found.cause == "time-limit-in-script") is is_told, found


def test_the_variable_that_has_the_time_is_named() -> None:
    found = told(f': "${{LIMIT:=60}}"\n{KILLS}', 3.4, 137, LIMIT="3")

    assert "ends `/app/server` after the 3 s that it was given (LIMIT)" in found.text
    assert "give it more time: LIMIT=..." in found.fix
