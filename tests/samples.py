"""How much of long tables a run plays: `scripts/full` each case, others some by chance."""

import os
import random
from collections.abc import Sequence
from typing import TypeVar

FULL = bool(os.environ.get("FULL"))

Case = TypeVar("Case")


def sample(cases: Sequence[Case], step: int) -> Sequence[Case]:
    """Return one case out of `step`, from any on; each has its turn within a few runs.

    Not for what is collected: all workers have to collect the same tests.
    """
    return cases if FULL else cases[random.randrange(step) :: step]
