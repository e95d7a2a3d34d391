"""How much of long tables a run plays: `scripts/full` each case, others some by chance."""

import os
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

FULL = bool(os.environ.get("FULL"))
TURN = int(os.environ.get("TURN") or 0)
"""Whose turn it is; `scripts/test` takes it from the commit, so that a failure comes again."""

Case = TypeVar("Case")


def sample(cases: Sequence[Case], step: int) -> Sequence[Case]:
    """Return one case out of `step`, from any on; each has its turn within a few runs.

    Not for what is collected: all workers have to collect the same tests.
    """
    return cases if FULL else cases[random.randrange(step) :: step]


def in_turn(cases: Iterable[Case], step: int) -> list[Case]:
    """Return one case out of `step`, each in its turn, for what is collected: by all workers alike.

    Neighbours in a table are alike more often than not: they have different turns.
    """
    return [*cases] if FULL else [*cases][TURN % step :: step]
