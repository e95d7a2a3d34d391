"""No silent death: whatever kills a service, its log names the cause, and its status is no lie."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import harness
import pytest
from conftest import STAGES
from fault import CONTAINER, PLACES, PLAIN, Fault
from samples import FULL, sample
from subjects import Pristine, Stages, Subjects, subjects
from tables import TABLES

pytestmark = pytest.mark.slow

AT_ONCE = 3
"""Most of the time is spent waiting."""

WHERE: list[tuple[Stages, str]] = [((), place) for place in PLACES]
if FULL:
    WHERE += [(STAGES, CONTAINER), (STAGES, PLAIN)]


@pytest.fixture(scope="module", params=TABLES)
def made(request: pytest.FixtureRequest, pristine: Pristine) -> Iterator[Subjects]:
    """Make the services of each language."""
    with subjects(request.param, pristine) as found:
        yield found


@pytest.mark.parametrize("group", TABLES["python"])
@pytest.mark.parametrize(("stages", "place"), WHERE, ids=lambda part: str(part or "base"))
def test_the_cause_of_every_fault_is_named(
    group: str, stages: Stages, place: str, made: Subjects
) -> None:
    subject = made.plain(stages) if place == PLAIN else made.contained(stages)

    def play(fault: Fault) -> harness.Outcome:
        return harness.play(fault, place, subject)

    faults = [
        fault
        for fault in TABLES[made.language][group]
        if place in fault.places
        and (not fault.stage or fault.stage in stages)
        and (not fault.build or fault.build in subject.builds)
    ]
    assert len(faults) > 5
    if place != CONTAINER:  # where services live, each fault is met in each run
        faults = [*sample(faults, 2)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = zip(faults, list(pool.map(play, faults)), strict=True)
    # Other tests take the processor at times: what was only slow is tried once more, alone.
    outcomes = [(fault, play(fault) if first.is_late(fault) else first) for fault, first in played]
    found = [
        f"{fault.name}: {'; '.join(wrong)}\n{outcome.log[:4000]}"
        for fault, outcome in outcomes
        if (wrong := outcome.complaints(fault, harness.expected(fault, place)))
    ]
    assert not found, "\n\n".join(found)


def test_every_language_has_the_same_groups() -> None:
    assert {tuple(groups) for groups in TABLES.values()} == {tuple(TABLES["python"])}
