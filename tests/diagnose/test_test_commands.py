"""Scripts that test by a command which is not there, and throw away what the shell says of that."""

from typing import Any

import pytest
from recorded import case, elf, program

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

WAITS = """#!/bin/sh
n=0
until {test}; do
  n=$((n + 1))
  [ "$n" -ge 9 ] && {{ echo "timed out waiting for $HOST"; exit 1; }}
  sleep 1
done
exec /app/server
"""
LOG = "timed out waiting for store:5432"
HERE = {"/usr/bin/pg_isready": program(elf())}


def found(script: str, log: str = LOG, **more: Any) -> Any:  # noqa: ANN401 - a judgement
    return judge(case(**sh(script, log=log, **more)))


@pytest.mark.parametrize(
    "test",
    [
        "nc -z $HOST 5432 2>/dev/null",
        "nc -z $HOST 5432 >/dev/null 2>&1",
        "nc -z $HOST 5432 &>/dev/null",
        "wget -q -O- http://$HOST 2> /dev/null",
        "nc -z $HOST 5432 2>/dev/null || curl -fs $HOST",
    ],
)
def test_a_wait_by_a_command_that_is_not_there_comes_before_what_it_says(test: str) -> None:
    told = found(WAITS.format(test=test))

    name = test.partition(" ")[0]
    assert (told.verdict, told.cause) == ("likely", "test-command-missing")
    assert f"tests by {name}, which is not installed" in told.text
    assert f"install {name} in the image" in told.fix


@pytest.mark.parametrize(
    "script",
    [
        'if ! nc -z $HOST 5432 2>/dev/null; then\n  echo "timed out waiting for $HOST"\n  exit 1\nfi\n',
        'for i in 1 2 3; do\n  nc -z $HOST 5432 2>/dev/null && break\n  echo "timed out waiting for $HOST"\ndone\nexit 1\n',
    ],
)
def test_so_do_other_tests(script: str) -> None:
    assert found(f"#!/bin/sh\n{script}").cause == "test-command-missing"


@pytest.mark.parametrize(
    ("script", "log"),
    [
        (WAITS.format(test="pg_isready -q 2>/dev/null"), LOG),
        (WAITS.format(test="nc -z $HOST 5432"), LOG),
        (WAITS.format(test="nc -z $HOST 5432 2>/dev/null || pg_isready -q"), LOG),
        (f"command -v nc >/dev/null || exit 3\n{WAITS.format(test='nc -z a 1 2>/dev/null')}", LOG),
        (WAITS.format(test="nc -z $HOST 5432 2>/dev/null"), "FATAL: the request timed out"),
        ("if curl -fs $HOST 2>/dev/null; then\n  echo timed out waiting for it\nfi\n", LOG),
    ],
    ids=["is there", "is heard", "another one", "is asked for", "did not come there", "optional"],
)
def test_what_a_script_does_not_end_over_is_not_told(script: str, log: str) -> None:
    assert found(script, log, files=HERE).cause != "test-command-missing"


def test_a_copy_shows_that_it_is_looked_for() -> None:
    looks = "P\t0\t7\t/bin/sh\t/bin/sh\\x00/s.sh\\x00\nC\t1\t7\t7\tnewfstatat\t-2\tp=/usr/bin/nc\nX\t9\t7\t1\t0"
    told = found(WAITS.format(test="nc -z a 1 2>/dev/null"), "TimeoutError: timed out", trace=looks)

    assert told.cause == "test-command-missing"
    assert any("newfstatat" in evidence.found for evidence in told.evidence)
