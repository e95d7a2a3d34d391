"""Variables that are set under another name than the program reads."""

from typing import Any

import pytest
from recorded import case

from examples import EXAMPLES, py
from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge

READS = "import os, sys\nif not os.environ.get('SESSION_CACHE_HOST'): sys.exit(3)\n"


def ended(name: str, source: str = READS, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    config = {"env": {name: "redis"}, **more.pop("config", {})}
    return py(source, exit_code=3, config=config, **more)


def test_the_name_that_the_program_reads_is_told_and_given_to_a_copy() -> None:
    of = case(**ended("SESSIONS_CACHE_HOST"))
    found, given = judge(of), [f for f in factors(of) if f.name.startswith("SESSION_CACHE_HOST ")]

    assert (found.cause, found.verdict) == ("variable-misspelled", "likely")
    assert "SESSIONS_CACHE_HOST is set, which the program never mentions" in found.text
    assert "it reads SESSION_CACHE_HOST" in found.text
    assert given[0].config.env == {"SESSION_CACHE_HOST": "redis"}


@pytest.mark.parametrize(
    "example",
    [
        ended("SESSION_CACHE_HOST"),
        ended("CACHE_PASSWORD"),
        ended("SESSIONS_CACHE_HOST", f"{READS}x = os.environ.get('SESSIONS_CACHE_HOST')\n"),
        ended(
            "SESSIONS_CACHE_HOST",
            config={"env": {"SESSIONS_CACHE_HOST": "a", "SESSION_CACHE_HOST": "b"}},
        ),
        ended("SESSIONS_CACHE_HOST", image=Image(env={"SESSIONS_CACHE_HOST": "redis"})),
    ],
    ids=["right", "another one", "both are read", "both are set", "of the image"],
)
def test_other_variables_are_not_misspelled(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "variable-misspelled"


def test_what_the_end_is_not_about_stays_behind_what_it_is_about() -> None:
    loud = EXAMPLES["variable-misspelled"] | {"log": "ValueError: invalid literal for int(): 'x'"}

    assert judge(case(**loud)).cause != "variable-misspelled"
