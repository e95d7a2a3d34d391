"""`docker logs`: both streams, of this run and the ones before it."""

from datetime import datetime

from scaffolder.diagnose.evidence.facts import Log
from scaffolder.diagnose.evidence.log_lines import read
from scaffolder.docker.client import Engine

TAIL = 400
SECONDS = 20.0


def logs(engine: Engine, identity: str, within: tuple[datetime, datetime] | None = None) -> Log:
    """Return the end of a container's log, or of what it wrote in some time."""
    times = ("--since", within[0].isoformat(), "--until", within[1].isoformat()) if within else ()
    args = ("logs", "--timestamps", *times, "--tail", str(TAIL), identity)
    ran = engine.run(*args, seconds=SECONDS)
    if ran.code:
        return Log(obstacle=ran.complaint[:300])
    found = [*read(ran.out), *read(ran.err)]
    found.sort(key=lambda line: line.time)
    return Log(tuple(found))
