"""Variables that a copy gets: where that it runs then is a proof, and where it was only led past."""

import pytest
from recorded import case, elf, program

from examples import sh
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.unset import variables

SOURCE = "<?php $key = getenv('API_KEY'); if (!$key) exit(1);"
FILES = {"/usr/bin/php": program(elf()), "/app/a.php": program(SOURCE)}


def ended(exit_code: int, told: str = "") -> Case:
    names = frozenset({"Error"})
    kept = Swallowed(told, names, "/app/a.php:3", "uncaught") if told else None
    return case("php /app/a.php", exit_code=exit_code, files=FILES, swallowed=kept)


@pytest.mark.parametrize(
    ("of", "proves"),
    [
        ((1, ""), True),
        ((255, ""), True),
        ((1, "PHP Fatal error:  Uncaught Error: no API_KEY in /app/a.php:3"), True),
        ((141, ""), False),
        ((255, "PHP Fatal error:  Uncaught Error: Call to undefined function mb_strlen()"), False),
        ((1, "ModuleNotFoundError: No module named 'yaml'"), False),
        ((1, "java.lang.OutOfMemoryError: Java heap space"), False),
    ],
    ids=["silent", "of PHP", "says it", "a signal", "a function", "a module", "memory"],
)
def test_a_value_that_leads_a_program_past_its_end_proves_nothing(
    of: tuple[int, str], *, proves: bool
) -> None:
    found = [factor for factor in variables(ended(*of)) if "API_KEY" in factor.name]

    assert [factor.cure.proves for factor in found if factor.cure] == [proves]


def test_what_a_script_tests_by_name_is_given_together() -> None:
    script = 'for v in DB_HOST DB_USER MODE; do\n[ -n "${!v}" ] || exit 78\ndone\n'
    of = case(**sh(f"#!/bin/bash\n{script}", exit_code=78, config={"env": {"MODE": "x"}}))
    first = next(iter(variables(of)))

    assert first.name == "the variables DB_HOST and DB_USER"
    assert {"DB_HOST", "DB_USER", "MODE"} == set(first.config.env)
    assert first.cure
    assert "DB_HOST and DB_USER are not set" in first.cure.text
