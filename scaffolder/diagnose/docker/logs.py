"""`docker logs`: both streams, of this run and the ones before it."""

from scaffolder.diagnose.evidence.facts import Line, Log
from scaffolder.docker.client import Engine

TAIL = 400
LINE = 4000
SECONDS = 20.0


def logs(engine: Engine, identity: str) -> Log:
    """Return the end of a container's log."""
    args = ("logs", "--timestamps", "--tail", str(TAIL), identity)
    ran = engine.run(*args, seconds=SECONDS)
    if ran.code:
        return Log(obstacle=ran.complaint[:300])
    found = [*read(ran.out), *read(ran.err)]
    found.sort(key=lambda line: line.time)
    return Log(tuple(found))


def read(data: bytes) -> list[Line]:
    """Read lines that begin with a time; invalid UTF-8 becomes replacement characters."""
    found = []
    for line in data.split(b"\n"):
        time, _, text = line[: LINE + 40].decode("utf-8", "replace").partition(" ")
        if time:
            found.append(Line(time, text))
    return found
