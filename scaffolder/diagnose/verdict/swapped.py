"""Two mounts, each in the place of the other."""

from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.mounts.swapped import options, swapped

from .cures import Cure
from .factor import Factor

SWAPPED = Cure("swapped", "mounts-swapped", "environment", "", "", proves=True)


def other_way_round(case: Case) -> Iterator[Factor]:
    """Swap the mount in which a file is missing with the one that has it."""
    pair = swapped(case)
    if pair is None:
        return
    here, there = pair
    changed = {
        here: replace(here, destination=there.destination, is_own=False),
        there: replace(there, destination=here.destination, is_own=False),
    }
    yield Factor(
        f"{here.destination} and {there.destination} swapped",
        replace(case.config, mounts=tuple(changed.get(m, m) for m in case.config.mounts)),
        flags=options(here, there),
        cure=replace(
            SWAPPED,
            text=f"what is mounted at {here.destination} and at {there.destination} is swapped",
            fix=f"swap them: {options(here, there)}",
        ),
    )
