"""A watched copy that runs while the evidence is still being read.

Most of what a diagnosis takes is waiting: for the engine to read files, and for a copy to end. A
silent container is rarely explained by its files alone, so the copy begins at once; where it turns
out to be needless, it is removed.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.docker.client import Engine

from .copies import Outcome, run
from .endable import Endable
from .factor import Factor
from .lifetimes import is_short
from .watching import tracer_for


class Ahead:
    """A copy without changes, under the tracer, in a thread of its own."""

    def __init__(self, engine: Engine, case: Case) -> None:
        """Start it."""
        self._engine = Endable(engine)
        self._pool = ThreadPoolExecutor(1, "watched-copy")
        self._found: Future[Outcome] = self._pool.submit(self._run, case)
        self.compared: Outcome | None = None
        """What was made of it, once it was compared with the container."""
        self.obstacle = ""
        """Why it showed nothing, if so."""

    def _run(self, case: Case) -> Outcome:
        return run(self._engine, case, Factor("nothing", case.config), tracer_for(case))

    def outcome(self) -> Outcome:
        """Wait for it; raise EngineError if it could not be run or watched."""
        return self._found.result()

    def end(self) -> None:
        """End it if it still runs, and wait until it is removed."""
        self._engine.end()
        self._pool.shutdown()


def begun(engine: Engine, case: Case, then: Callable[[Callable[[], None]], Any]) -> Ahead | None:
    """Begin to watch a copy of a silent container, and give `then` what ends it; None if not."""
    lives = case.phase == Phase.RUNNING
    short = bool(case.phase & Phase.ENDED) and is_short(case)
    if case.kind != "container" or not case.is_silent or not (lives or short):
        return None
    ahead = Ahead(engine, case)
    then(ahead.end)
    return ahead
