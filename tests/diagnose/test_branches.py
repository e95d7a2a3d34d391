"""A script that does one thing or another by a word, and knows the word that it is given, or not."""

from typing import Any

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

ENTRY = """#!/bin/bash
set -e
case "$1" in
  server) shift; exec /app/server "$@" ;;
  work*|"batch") exec /app/server --worker ;;
esac
"""
ALL = ENTRY.replace("esac", "  *) exec /app/server ;;\nesac")
BY_MODE = ENTRY.replace('"$1"', '"${MODE}"')
BY_DEFAULT = ENTRY.replace('"$1"', '"${1:-server}"')


def told(script: str, *words: str, env: dict[str, str] | None = None, exit_code: int = 0) -> Any:  # noqa: ANN401 - a judgement
    made = sh(script, exit_code=exit_code, config={"env": env or {}})
    return judge(case(**made | {"command": ("/s.sh", *words)}))


@pytest.mark.parametrize(
    ("script", "words", "env", "is_told"),
    [
        (ENTRY, ("serve",), {}, True),
        (ENTRY, (), {}, True),
        (ENTRY, ("server",), {}, False),
        (ENTRY, ("worker",), {}, False),
        (ENTRY, ("batch",), {}, False),
        (ENTRY.replace("server)", '"server")'), ("server",), {}, False),
        (ALL, ("serve",), {}, False),
        (ENTRY + "exec /app/server\n", ("serve",), {}, False),
        (ENTRY.replace("set -e", "/app/migrate"), ("serve",), {}, False),
        (BY_MODE, (), {"MODE": "api"}, True),
        (BY_MODE, (), {}, True),
        (BY_MODE, (), {"MODE": "work"}, False),
        (BY_MODE.replace("set -e", "read MODE"), (), {}, False),
        (BY_DEFAULT, (), {}, False),
        (BY_DEFAULT, ("serve",), {}, True),
    ],
)
def test_a_word_without_a_branch_is_told(
    script: str, words: tuple[str, ...], env: dict[str, str], *, is_told: bool
) -> None:
    found = told(script, *words, env=env)

    assert (found.cause == "no-branch") is is_told, found


def test_what_the_script_knows_and_what_it_is_given_is_named() -> None:
    found = told(ENTRY, "serve")
    by_mode = told(BY_MODE, env={"MODE": "api"})

    assert 'by "$1", and is given `serve`: it knows server, work*, batch, and' in found.text
    assert "-e MODE=..." in by_mode.fix


def test_a_script_that_fails_has_another_cause() -> None:
    assert told(ENTRY, "serve", exit_code=3).cause != "no-branch"
