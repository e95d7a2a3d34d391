"""Whether a copy that outlived its time has settled, or is still at work on what it starts with.

A database that is fresh makes its files first, and a JVM loads its classes: what ends the program
comes after that. So a copy that is at work is given more time, within a bound.
"""

import time

from scaffolder.diagnose.docker.processes import processes
from scaffolder.docker.client import Engine

LONGEST_SECONDS = 20.0
"""How much more a copy gets that never rests: a service may work all of the time."""
PAUSE_SECONDS = 0.25
RESTS = 4
"""How many times in a row all of its threads have to be at rest."""
AT_WORK = ("R", "D")
"""States of a thread that computes, or waits for a disk (ps(1))."""


def settles(engine: Engine, name: str) -> None:
    """Wait until a container ends, or rests, or the time is over."""
    end, rests = time.monotonic() + LONGEST_SECONDS, 0
    while rests < RESTS and time.monotonic() < end:
        rests = 0 if _is_at_work(engine, name) else rests + 1
        if engine.run("wait", name, seconds=PAUSE_SECONDS).code is not None:
            return


def _is_at_work(engine: Engine, name: str) -> bool:
    """Tell whether a thread of it works at this moment."""
    ran = engine.run("top", name, "-eLo", "pid,stat", seconds=5, limit=1 << 20)
    states = [words[1] for line in ran.text.splitlines()[1:] if len(words := line.split()) == 2]
    if ran.code:  # podman has no such option
        states = [process.state for process in processes(engine, name) or ()]
    return any(state.startswith(AT_WORK) for state in states)
