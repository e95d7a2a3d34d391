"""Whether a copy that outlived its time has settled, or is still at work on what it starts with.

A database that is fresh makes its files first, and a JVM loads its classes: what ends the program
comes after that. So a copy that is at work is given more time, within a bound.
"""

import time
from posixpath import basename

from scaffolder.diagnose.docker.processes import processes
from scaffolder.docker.client import Engine

LONGEST_SECONDS = 20.0
"""How much more a copy gets that never rests: a service may work all of the time."""
PAUSE_SECONDS = 0.25
RESTS = 4
"""How many times in a row all of its threads have to be at rest."""
ON_FUSE = "wait_answer"
SLEEP = "sleep"
AT_WORK = ("R", "D")
"""States of a thread that computes, or waits for a disk (ps(1))."""


def settles(engine: Engine, name: str) -> None:
    """Wait until a container ends, or rests, or the time is over."""
    end, rests, before = time.monotonic() + LONGEST_SECONDS, 0, ""
    while rests < RESTS and time.monotonic() < end:
        now = _at_rest(engine, name)
        rests = rests + 1 if now and now == before else 0
        before = now
        if engine.run("wait", name, seconds=PAUSE_SECONDS).code is not None:
            return


def _at_rest(engine: Engine, name: str) -> str:
    """Return which processes it has, if all of their threads rest at this moment; else nothing.

    A wait for a disk that a program serves (FUSE) looks like any other, except where it is. A
    script that sleeps in a loop has another `sleep` each time, and rests all the same.
    """
    ran = engine.run("top", name, "-eLo", "pid,stat,wchan:30,comm", seconds=5, limit=1 << 20)
    rows = [words for line in ran.text.splitlines()[1:] if len(words := line.split(None, 3)) == 4]
    if ran.code:  # podman has no such options
        found = processes(engine, name) or ()
        rows = [[str(p.pid), p.state, "", basename(p.command.split(" ")[0])] for p in found]
    works = any(row[1].startswith(AT_WORK) or ON_FUSE in row[2] for row in rows)
    return "" if works else " ".join(sorted({SLEEP if row[3] == SLEEP else row[0] for row in rows}))
