"""What a shell complains of where a variable without a value leaves a gap in a line."""

from typing import Any

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge


def told(line: str, says: str, **env: str) -> Any:  # noqa: ANN401 - a judgement
    made = sh(f"#!/bin/bash\ncd /srv\n{line}\n", config={"env": env}, exit_code=1)
    return judge(case(**made, log=says))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("port=${ports[$SERVICE]}", "/s.sh: line 3: ports: bad array subscript"),
        ("[ $SERVICE = api ] && run", "/s.sh: line 3: [: =: unary operator expected"),
        ("[ $SERVICE -gt 2 ]", "/s.sh: 3: [: -gt: unexpected operator"),
        ('[ "$SERVICE" -gt 2 ]', "/s.sh: line 3: [: : integer expression expected"),
        ("echo a > $SERVICE", "/s.sh: line 3: $SERVICE: ambiguous redirect"),
        ("echo a > $SERVICE", "/s.sh: 3: cannot create : Directory nonexistent"),
        ("n=$(( $SERVICE * 2 ))", '/s.sh: line 3: * 2 : syntax error: operand expected (error token is "* 2 ")'),
        ("n=$(( $SERVICE * 2 ))", '/s.sh: 3: arithmetic expression: expecting primary: "  * 2 "'),
        ('"$SERVICE" --listen', "/s.sh: line 3: : command not found"),
    ],
)  # fmt: skip
def test_the_variable_that_leaves_a_gap_is_named(line: str, says: str) -> None:
    found = told(line, says)
    others = (told(line, says, SERVICE="x"), told("SERVICE=\n" + line, says.replace("3", "4")))

    assert (found.cause, "SERVICE is not set" in found.text) == ("variable-missing", True), found
    assert [each.cause for each in others if each.cause == "variable-missing"] == []


@pytest.mark.parametrize(
    "says",
    [
        "/s.sh: line 3: [: abc: integer expression expected",
        "/s.sh: line 3: /usr/bin/run: No such file or directory",
        "/s.sh: line 33: ports: bad array subscript",
        "/s.sh: line 2: ports: bad array subscript",
    ],
)
def test_another_complaint_or_another_line_is_no_gap(says: str) -> None:
    assert told("run $SERVICE", says).cause != "variable-missing"
