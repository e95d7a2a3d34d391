"""A traced script ends itself: over which test, with which values, and what it says to nobody."""

from dataclasses import replace

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.report.redaction import of_case
from scaffolder.diagnose.verdict.decided import decided, hidden

MIGRATE = """
have="$(sql 'PRAGMA user_version')"
[ -d "$dir" ] && [ "$other" -gt 0 ]
[ "$have" -le "$want" ] || return 3
"""
READS = [
    (1, "local dir=/srv"),
    (2, "sql 'PRAGMA user_version'"),
    (2, "sqlite3 /a.db"),
    (1, "have=5"),
]
WANTS = [(2, "echo 3"), (1, "want=3")]
FALSE, LEAVES = (1, "'[' 5 -le 3 ']'"), [(1, "return 3"), (1, "exit 3")]
NEED = [(1, "'[' -n '' ']'"), (1, "say 'need TARGET'"), (1, "'[' 0 = 1 ']'"), (1, "return 0")]


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (
            [*READS, *WANTS, FALSE, *LEAVES],
            "decides (have is 5 (from `sqlite3 /a.db`), want is 3 (from `echo 3`))",
        ),
        ([*READS, (1, "(( have >= 7 ))"), (1, "exit 1")], "have is 5 (from `sqlite3 /a.db`)"),
        ([*NEED, (1, "exit 1")], "`[ -n '' ]` is what decides; `need TARGET` is what it says"),
        ([*READS, (1, "exit 1")], ""),
        ([(1, "exit 1")], ""),
        ([], ""),
    ],
    ids=["values", "arithmetic", "says", "no test", "alone", "nothing"],
)
def test_the_test_before_the_end_is_told_with_its_values(
    shown: list[tuple[int, str]], words: str
) -> None:
    told = decided(MIGRATE, shown).words

    assert (words in told) if words else not told
    assert "dir is" not in told
    assert "other is" not in told


def test_what_a_substitution_prints_is_not_what_the_script_says() -> None:
    assert "says" not in decided(MIGRATE, [*READS, *WANTS, FALSE, *LEAVES]).words


def test_what_a_secret_holds_is_hidden_whatever_the_variable_is_called() -> None:
    shown = [(2, "cat /run/secrets/db"), (1, "have=hunter2horse"), (2, "echo 7"), (1, "want=7")]

    assert hidden(shown) == ["SECRET=hunter2horse"]


def test_a_secret_that_a_traced_shell_shows_is_hidden_wherever_it_appears() -> None:
    of = case(**sh("#!/bin/bash\nAPI_TOKEN=$(cat /etc/key)\n"))
    of.seen = replace(of.seen, traced=("+ API_TOKEN=hunter2horse", "+ have=5"))

    assert of_case(of)("+ '[' hunter2horse = other ']'") == "+ '[' [redacted] = other ']'"
    assert of_case(of)("have is 5") == "have is 5"


@pytest.mark.parametrize(
    ("script", "is_told"),
    [
        ("read -r TOKEN </run/token || exit 1\n", True),
        ("read -r TOKEN </run/token || {\n  exit 1\n}\n", True),
        ("read -r TOKEN </run/token || fail\n", True),
        ("read -r TOKEN </run/token\nexit 1\n", False),
        ("# read it || exit 1\nread -r TOKEN </run/token\nexit 1\n", False),
    ],
)
def test_a_command_with_an_end_for_its_failure_decides(script: str, *, is_told: bool) -> None:
    told = decided(script, [(1, "read -r TOKEN"), (1, "exit 1")])

    assert (told.words == "`read -r TOKEN` is what decides") is is_told, told


@pytest.mark.parametrize("declares", ["", "local ", "declare -i ", "readonly ", "export "])
def test_the_value_of_a_variable_is_told_however_it_is_declared(declares: str) -> None:
    shown = [(1, f"{declares}ratio=12"), (1, "[[ 12 -ge 65 ]]"), (1, "return 1")]
    told = decided("local ratio=$((mem / n))\n[[ $ratio -ge 65 ]] || return 1\n", shown)

    assert "(ratio is 12)" in told.words
