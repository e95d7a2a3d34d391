"""Values in a command of sed: the mark between its parts, or a line's end, ends it too early."""

from typing import Any

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.causes.shells.substituted import ended_by
from scaffolder.diagnose.verdict.judge import judge


@pytest.mark.parametrize(
    ("expression", "mark"),
    [
        ("s/@URL@/http://db/app/", "/"),
        ("s|@CMD@|a|b|g", "|"),
        ("s/a/b/;s/@PATH@//srv/x/", "/"),
        ("s/@KEY@/one\ntwo/", "\n"),
        ("1,$s/a/b/c/", "/"),
        ("s/a/b/", ""),
        ("s/a/b/g;s#c#d/e#2", ""),
        (r"s/a/b\/c/", ""),
        ("s|a|b/c|w /tmp/out", ""),
        ("/^#/d", ""),
        ("s/a", ""),
        ("-e", ""),
        ("/etc/app.conf", ""),
    ],
)
def test_a_mark_in_a_value_ends_a_part_of_seds_command(expression: str, mark: str) -> None:
    assert ended_by(expression) == mark


def told(script: str, expression: str, env: dict[str, str], status: int = 1) -> Any:  # noqa: ANN401 - a judgement
    argv = expression.encode().hex(" ").split()
    words = "sed\\x00-e\\x00" + "".join(f"\\x{byte}" for byte in argv) + "\\x00"
    trace = (
        "P\t0\t7\t/bin/dash\t/bin/sh\\x00/s.sh\\x00\nN\t1\t8\t7\n"
        f"P\t1\t8\t/bin/sed\t{words}\nX\t2\t8\t{status}\t0\nX\t3\t7\t1\t0"
    )
    return judge(case(**sh(f"#!/bin/sh\nset -e\n{script}\n", trace=trace, config={"env": env})))


LINE = 'sed -e "s/@URL@/$URL/" /app.tpl > /app.conf 2>/dev/null'


@pytest.mark.parametrize(
    ("script", "expression", "env", "named"),
    [
        (LINE, "s/@URL@/http://db/", {"URL": "http://db"}, "the value of URL"),
        (LINE.replace("$URL", "${URL:-a/b}"), "s/@URL@/a/b/", {}, "the value of URL"),
        ("U=x/y\n" + LINE.replace("$URL", "$U"), "s/@URL@/x/y/", {}, "the value of U"),
        ('sed -f "$F"', "s/@URL@/x/y/", {"W": "x/y"}, "the value of W"),
        ('sed -f "$F"', "s/@URL@/x/y/", {}, "a value"),
    ],
)
def test_the_variable_whose_value_it_is_is_named(
    script: str, expression: str, env: dict[str, str], named: str
) -> None:
    found = told(script, expression, env)

    assert found.cause == "value-in-sed", found
    assert f"puts {named} into a command of sed; it has `/` in it" in found.text


def test_a_secret_value_is_not_shown() -> None:
    line = 'sed -e "s/@DB_PASSWORD@/$DB_PASSWORD/" /app.tpl'
    found = told(line, "s/@DB_PASSWORD@/correct/horse/", {"DB_PASSWORD": "correct/horse"})

    assert "the value of DB_PASSWORD" in found.text
    assert "correct/horse" not in found.text + found.fix


@pytest.mark.parametrize(("expression", "status"), [("s/@URL@/db/", 1), ("s/@URL@/http://db/", 0)])
def test_a_call_that_is_whole_or_that_works_is_no_cause(expression: str, status: int) -> None:
    assert told("true", expression, {"URL": "http://db"}, status).cause != "value-in-sed"
