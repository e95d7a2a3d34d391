"""Workers that end again and again, while the program that starts them runs."""

from dataclasses import dataclass

from . import decisive
from .shells import is_shell
from .trace import Call, Trace, Traced

FEWEST = 2
"""How many ends of workers are no accident."""
ASKED = 15
"""SIGTERM: who ends so was asked to, as one that is replaced."""


@dataclass(frozen=True)
class Dying:
    """Workers of a program, none of which lives on."""

    parent: Traced
    last: Traced
    times: int
    call: Call | None
    """What the last one ended over."""

    @property
    def words(self) -> str:
        """How the last one ended, for people."""
        last = self.last
        return f"killed by signal {last.signal}" if last.signal else f"exits with {last.status}"


def dying(trace: Trace) -> Dying | None:
    """Return workers that run the same program as the process that starts them, and that all end.

    Others may fail as a part of their work: scripts run programs in order to see whether they do.
    """
    for parent in trace.processes.values():
        # A shell runs parts of its script in itself, and asks by some of them.
        if parent.ended is not None or is_shell(parent):
            continue
        workers = [c for c in trace.children(parent.number) if c.program == parent.program]
        dead = [c for c in workers if c.failed and c.signal != ASKED]
        if len(dead) < FEWEST:
            continue
        last = max(dead, key=lambda worker: worker.ended or 0)
        others = [c for c in workers if c not in dead]
        if all(c.ended is None and c.began >= (last.ended or 0) for c in others):
            return Dying(parent, last, len(dead), decisive.failure(trace, last))
    return None
