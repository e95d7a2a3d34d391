"""The programs of a health check, and what it says of the one that is missing."""

import pytest
from recorded import case

from examples import unwell
from scaffolder.diagnose.verdict.judge import judge

AGE = "test $(curl -s localhost | wc -l) -gt 0"


@pytest.mark.parametrize(
    ("test", "output", "verdict"),
    [
        (
            "curl -f localhost:8080 || wget -q localhost:8080",
            "/bin/sh: 1: wget: not found",
            "proven",
        ),
        (
            "curl -f localhost:8080 || wget -q localhost:8080",
            "curl: /etc/ca.pem: no such file",
            "likely",
        ),
    ],
)
def test_a_missing_tool_is_proven_where_the_check_names_it(
    test: str, output: str, verdict: str
) -> None:
    found = judge(case(**unwell(test, output)))

    assert (found.cause, found.verdict) == ("check-tool-missing", verdict), found


def test_what_follows_a_substitution_is_no_program() -> None:
    found = judge(case(**unwell(AGE.replace("| wc -l", ""), "/bin/sh: curl: no such file")))

    assert "-gt" not in found.text
