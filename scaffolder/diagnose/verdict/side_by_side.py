"""Copies that do not depend on each other, run side by side.

Most of what a copy takes is waiting: for the engine, and for the copy to live long enough.
"""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from scaffolder.diagnose.case import Case
from scaffolder.docker.client import Engine

from . import copies
from .copies import Outcome
from .endable import Endable
from .factor import Factor
from .lifetimes import lived, window

AT_ONCE = 2
"""How many run at the same time: each makes the other slower."""
SLACK = 3.0
"""How many times longer than the container a copy must be given, to be slowed down by another."""


def outcomes(
    engine: Engine, case: Case, changes: Iterable[Factor]
) -> Generator[tuple[Factor, Future[Outcome]]]:
    """Run a copy with each change, and yield what becomes of them, in the order of the changes.

    A copy that is slowed down may outlive its time, and pass for cured: so one that needs most of
    it is run alone. To close the generator ends what still runs.
    """
    at_once = AT_ONCE if window(case) >= SLACK * lived(case) else 1
    running: deque[tuple[Factor, Endable, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(at_once, "copy") as pool:
        try:
            for factor in changes:
                own = Endable(engine)
                running.append((factor, own, pool.submit(copies.run, own, case, factor)))
                if len(running) == at_once:
                    yield running[0][0], running[0][2]
                    running.popleft()
            while running:
                yield running[0][0], running[0][2]
                running.popleft()
        finally:
            for _factor, own, _future in running:
                own.end()
