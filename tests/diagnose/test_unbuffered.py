"""What a copy prints that does not keep its output in a buffer, and whose value stands in it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from recorded import case

from examples import py
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.quoted import quoted
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.revealed import revealed
from scaffolder.diagnose.verdict.reworded import reworded
from scaffolder.docker.client import Engine

SOURCE = """import os
name = os.environ.get("REGION", "north-1")
print(f"reports for {name}")
print(f"unknown region {name!r}, choose one of {', '.join(sorted(KNOWN))}")
os._exit(1)
"""
PRINTED = "reports for north1\nunknown region 'north1', choose one of north-1, south-2\n"
ENV = {"EVERY": "10", "PLACE": "north", "REGION": "north1"}


def silent(source: str = SOURCE, env: Mapping[str, str] = ENV) -> Case:
    return case(**py(source, config={"env": dict(env)}))


def unbuffered(of: Case, printed: str) -> None:
    """Run the copy whose output is not kept."""
    same = Outcome(alive=False, exit_code=1, text="")
    factor = next(f for f in factors(of) if f.reveals == "python-buffered")
    revealed(of, factor, replace(same, text=printed), same, [])


def test_the_message_is_told_as_it_is_with_the_variable_whose_value_it_has() -> None:
    of = silent()
    unbuffered(of, PRINTED)
    found = judge(of)

    assert (found.verdict, found.cause) == ("likely", "python-buffered")
    assert "unknown region 'north1', choose one of north-1, south-2" in found.text
    assert found.text.endswith("'north1' is the value of REGION")
    assert "the value of REGION" in found.fix
    assert any("its buffer keeps that" in e.found for e in found.evidence if e.source == "rerun")


def test_without_a_copy_the_source_is_told() -> None:
    found = judge(silent())

    assert found.cause == "python-buffered"
    assert "its source prints: unknown region ..., choose one of ..." in found.text
    assert "the value of" not in found.text


def test_a_message_without_a_value_names_no_variable() -> None:
    of = silent("import os\nprint('FATAL: no more stamps')\nos._exit(1)")
    unbuffered(of, "FATAL: no more stamps\n")
    found = judge(of)

    assert found.cause == "python-buffered"
    assert found.text.endswith("a copy prints: FATAL: no more stamps")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("unknown region 'north1'.", ["REGION"]),
        ("REGION=north1: unknown", ["REGION"]),
        ("unknown region north1-b", []),
        ("unknown region north1.local", []),
        ("no such place: up-north", []),
        ("ends after 10 s", []),
    ],
)
def test_a_value_stands_in_a_message_as_a_word_of_its_own(words: str, named: list[str]) -> None:
    assert quoted(ENV, words) == named


@pytest.mark.parametrize("printed", [PRINTED, "unknown region 'north1', use north-1\nbye\n"])
def test_what_the_message_names_is_written_otherwise_first(
    monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    ran: list[dict[str, str]] = []

    def run(_engine: Engine, _case: Case, factor: Factor, **_tracer: object) -> Outcome:
        ran.append(dict(factor.config.env))
        env = factor.config.env
        alive = env.get("REGION") in {"north-1", "south-2"} and env.get("EVERY") == "10"
        return Outcome(alive=alive, exit_code=0 if alive else 1, text="")

    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
    of = silent(SOURCE.replace(', "north-1"', ""))
    unbuffered(of, printed)
    found = reworded(Engine("docker"), of, [], lambda: False)

    assert found
    cure = found[0].cure
    assert cure
    assert cure.proves
    assert found[0].name == "REGION=north-1"
    assert "the value 'north1' of REGION, which it tells nobody (`unknown region" in cure.text
    assert len(ran) < 5


def test_what_is_not_named_is_not_said_to_be_told() -> None:
    of = silent()
    unbuffered(of, "the queue is full\n")

    assert judge(of).text.endswith("a copy prints: the queue is full")


def test_a_cause_that_knows_the_message_comes_first() -> None:
    of = silent("import os\nprint('FATAL: no licence server')\nos._exit(1)")
    unbuffered(of, "FATAL: no licence server\n")
    found = judge(of)

    assert (found.verdict, found.cause) == ("likely", "licence")
    assert "python-buffered" in dict(found.others)
