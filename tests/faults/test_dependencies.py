"""A service whose dependency fails says so, does what it can, and is as before afterwards."""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any

import applications
import pytest
from conftest import STAGES, MakeInEachLanguage
from dependents import Dependent, Other, Probe
from fault import LIVES
from outage import GOES_ON, KINDS, NO_ANSWER, NOT_READY, READY, Dependency, Outage, Seen
from outage_harness import Player
from outages import DEPENDENCIES
from running import Program
from samples import FULL
from surroundings import Surroundings, surroundings


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    """Servers of each kind."""
    directory = tmp_path_factory.mktemp("surroundings")
    for place in (directory, directory.parent):
        place.chmod(0o755)  # PostgreSQL's user is another one
    with surroundings(directory) as found:
        yield found


@pytest.fixture(scope="module")
def dependent(in_each_language: MakeInEachLanguage) -> Dependent:
    """A service with all stages, in each language."""
    in_rust = partial(applications.whole_in_rust, STAGES)
    program = in_each_language(in_rust, applications.whole_in_python, *STAGES)
    return Dependent(program.language, program)


@pytest.mark.slow
@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda dependency: dependency.name)
def test_a_service_keeps_its_promises_while_a_dependency_fails(
    dependency: Dependency, dependent: Dependent, around: Surroundings
) -> None:
    outages = [outage for outage in dependency.outages if outage.is_quick or FULL]
    assert outages
    with ExitStack() as stack:
        player = Player(dependency, dependent, around, stack)
        found = [
            f"{outage.kind}, {stage}: {'; '.join(wrong)}\n{seen.log[-3000:]}"
            for outage in outages
            for stage, seen in player.play(outage).items()
            if (wrong := seen.complaints(outage, stage))
        ]
    assert not found, "\n\n".join(found)


@pytest.mark.slow
def test_a_service_that_ends_at_once_is_not_put_to_the_test(around: Surroundings) -> None:
    program = Program("python", ("false",))
    ends = Other("ends", program, {}, {"database": Probe("/orders")}, ready="")
    dependency = next(each for each in DEPENDENCIES if each.name == "PostgreSQL")
    with ExitStack() as stack:
        player = Player(dependency, ends, around, stack)
        with pytest.raises(AssertionError, match="it does not work at all"):
            player.play(dependency.outages[0])


def test_every_fault_is_known_by_its_kind_and_promises_something_of_every_stage() -> None:
    for dependency in DEPENDENCIES:
        kinds = [outage.kind for outage in dependency.outages]
        assert {*kinds} <= {*KINDS}
        assert len(kinds) == len({*kinds})
        for outage in dependency.outages:
            assert outage.promises.keys() == {*dependency.stages}


OUTAGE = Outage("unreachable", lambda _around: nullcontext(), "refused", {"cache": GOES_ON})
KEPT = Seen(
    is_named=True, status=LIVES, readiness=READY, lives=True, recovers=True, ended=None, log=""
)


@pytest.mark.parametrize(
    ("change", "complaint", "words"),
    [
        ({"is_named": False}, "the log does not have 'refused'",
         "silent, goes on, ready, lives, recovers"),
        ({"status": 500}, "status 500 instead of goes on",
         "named, status 500, ready, lives, recovers"),
        ({"status": NO_ANSWER}, "no answer instead of goes on",
         "named, no answer, ready, lives, recovers"),
        ({"readiness": NOT_READY}, "not ready instead of ready",
         "named, goes on, not ready, lives, recovers"),
        ({"readiness": ""}, "no readiness instead of ready", "named, goes on, lives, recovers"),
        ({"lives": False}, "what needs no dependency does not answer in time",
         "named, goes on, ready, hangs, recovers"),
        ({"recovers": False}, "it does not recover",
         "named, goes on, ready, lives, does not recover"),
        ({"ended": 1}, "it ended with 1", "named, ends with 1"),
    ],
)  # fmt: skip
def test_each_promise_that_is_not_kept_is_a_complaint(
    change: dict[str, Any], complaint: str, words: str
) -> None:
    assert KEPT.complaints(OUTAGE, "cache") == []
    seen = Seen(**{**vars(KEPT), **change})
    assert seen.complaints(OUTAGE, "cache") == [complaint]
    assert seen.words() == words
