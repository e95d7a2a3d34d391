"""Variables that change what a runtime makes of a program."""

import pytest
from recorded import case

from scaffolder.diagnose.verdict.runtimes import plain_runtime


def test_what_a_runtime_was_told_is_left_out_one_after_the_other() -> None:
    env = {"PYTHONOPTIMIZE": "2", "LD_PRELOAD": "/lib/x.so", "NAME": "a"}
    factors = list(plain_runtime(case(config={"env": env})))

    assert [factor.config.env for factor in factors] == [
        {**env, "PYTHONOPTIMIZE": ""},
        {**env, "LD_PRELOAD": ""},
    ]
    assert factors[0].cure
    assert factors[0].cure.text == "the program does not run with PYTHONOPTIMIZE=2"
    assert factors[0].flags == "-e PYTHONOPTIMIZE="


@pytest.mark.parametrize(
    "env", [{"PYTHONPATH": "/app"}, {"PYTHONUNBUFFERED": "1"}, {"NODE_ENV": "x"}, {"GODEBUG": ""}]
)
def test_what_only_names_places_or_output_is_left(env: dict[str, str]) -> None:
    assert not list(plain_runtime(case(config={"env": env})))
