"""No silent death: whatever kills a service, its log names the cause, and its status is no lie."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import harness
import pytest
from conftest import STAGES
from containers import docker, obstacle
from injected import CONTAINER, GROUPS, PLACES, PLAIN, Fault

AT_ONCE = 3
"""Most of the time is spent waiting."""

Stages = tuple[str, ...]
WHERE: list[tuple[Stages, str]] = [((), place) for place in PLACES]
if os.environ.get("CI"):
    WHERE += [(STAGES, PLAIN), (STAGES, CONTAINER)]


@pytest.fixture(scope="module")
def image(
    pristine: Callable[[Stages], Path],
) -> Iterator[Callable[[Stages], str]]:
    """Build the images of services."""
    built: dict[Stages, str] = {}

    def build(stages: Stages) -> str:
        reason = obstacle()
        if reason and os.environ.get("REQUIRE_DOCKER"):
            pytest.fail(reason)
        if reason:
            pytest.skip(f"container tests: {reason}")
        if stages not in built:
            built[stages] = f"viscaffold-test-{uuid4().hex[:12]}"
            docker("build", "--tag", built[stages], str(pristine(stages)))
        return built[stages]

    yield build
    for tag in built.values():
        docker("image", "rm", "--force", tag, expect=None)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("stages", "place"), WHERE, ids=lambda part: str(part or "base"))
def test_the_cause_of_every_fault_is_named(
    group: str,
    stages: Stages,
    place: str,
    image: Callable[[Stages], str],
    pristine: Callable[[Stages], Path],
) -> None:
    tag = "" if place == PLAIN else image(stages)
    service = pristine(stages)

    def play(fault: Fault) -> harness.Outcome:
        return harness.play(fault, place, service, tag)

    faults = [
        fault
        for fault in GROUPS[group]
        if place in fault.places and (not fault.stage or fault.stage in stages)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = zip(faults, list(pool.map(play, faults)), strict=True)
    # Other tests take the processor at times: what was only slow is tried once more, alone.
    outcomes = [(fault, play(fault) if first.is_late(fault) else first) for fault, first in played]
    found = [
        f"{fault.name}: {'; '.join(wrong)}\n{outcome.log[:4000]}"
        for fault, outcome in outcomes
        if (wrong := outcome.complaints(fault, harness.expected(fault, place)))
    ]
    assert len(faults) > 5
    assert not found, "\n\n".join(found)
