"""Every cause is found in its example, and is what the example is judged to be."""

import pytest
from pod_examples import POD_EXAMPLES
from recorded import case

from examples import EXAMPLES, SILENT
from scaffolder.diagnose.causes.catalogue import Basis, causes
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.verdict.judge import candidates, judge

KNOWN = {cause.id: cause for cause in causes()}
REMARKS = {cause.id for cause in causes() if cause.when == Phase.STOPPED}
"""What is told of a container that was stopped on purpose, and of no other one."""


def test_every_cause_has_an_example() -> None:
    assert EXAMPLES.keys() | POD_EXAMPLES.keys() == KNOWN.keys()


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in REMARKS])
def test_a_cause_is_found_first_in_its_example(name: str) -> None:
    found = judge(case(**EXAMPLES[name]))

    assert found.cause == name, (found, found.others)
    assert found.pattern == KNOWN[name].pattern
    assert found.verdict in ("proven", "likely")
    assert found.evidence
    assert found.fix


@pytest.mark.parametrize("name", sorted(REMARKS))
def test_a_remark_is_no_fault(name: str) -> None:
    found = judge(case(**EXAMPLES[name]))

    assert (found.verdict, found.cause) == ("healthy", "none")
    assert [other for other, _ in found.others] == [name]
    assert found.fix


@pytest.mark.parametrize("name", EXAMPLES)
def test_evidence_comes_from_where_the_cause_says(name: str) -> None:
    declared = {*KNOWN[name].reads, "rerun"}
    used = {evidence.source for evidence in judge(case(**EXAMPLES[name])).evidence}

    assert used <= declared | {"inspect", "logs"}, used - declared


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_evidence_is_shown_twice(name: str) -> None:
    evidence = judge(case(**EXAMPLES[name])).evidence

    assert len(evidence) == len(set(evidence)), evidence


def test_what_ends_a_program_in_its_command_line_is_quoted_from_there() -> None:
    program = ("python3", "-c", "import sys; sys.exit(3)")

    found = judge(case(**{**EXAMPLES["python-quiet-exit"], "command": program, "exit_code": 3}))

    assert found.cause == "python-quiet-exit"
    assert [e.found for e in found.evidence] == ["line 1: sys.exit(3)", "exit code: 3"]
    assert "Config.Cmd" in found.evidence[0].command


@pytest.mark.parametrize(
    ("command", "is_closed"),
    [
        ("su - web -c /app/server", True),
        ("su -g web web", True),
        ("su -s /bin/sh web -c /app/server", False),
        ("su web -s /bin/sh -c /app/server", False),
        ("su root -c /app/server", False),
        ("su -c web", False),
    ],
)
def test_only_the_shell_of_the_account_closes_it(command: str, is_closed: bool) -> None:  # noqa: FBT001
    changed = {**EXAMPLES["account-closed"], "command": tuple(command.split())}

    assert (judge(case(**changed)).cause == "account-closed") is is_closed


@pytest.mark.parametrize("name", SILENT)
def test_a_cause_that_nobody_names_is_inferred_and_only_likely(name: str) -> None:
    cause, found = candidates(case(**SILENT[name]))[0]

    assert (cause.id, found.basis, found.proven) == (name, Basis.INFERRED, False)
    assert not {evidence.source for evidence in found.evidence} & {"logs"}
