"""`docker logs`: both streams, of this run and the ones before it."""

from dataclasses import dataclass
from datetime import datetime

from scaffolder.diagnose.engine import Engine
from scaffolder.diagnose.facts import Line

from .inspection import moment

TAIL = 400
LINE = 4000
SECONDS = 20.0


@dataclass(frozen=True)
class Log:
    """The last lines, oldest first; `obstacle` says why there are none to be read."""

    lines: tuple[Line, ...] = ()
    obstacle: str = ""
    cut: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was written, as far as can be read."""
        return not any(line.text.strip() for line in self.lines)

    def since(self, started: datetime | None) -> tuple[Line, ...]:
        """Return the lines of the run that began then."""
        if started is None:
            return self.lines
        return tuple(
            line for line in self.lines if (at := moment(line.time)) is None or at >= started
        )


def logs(engine: Engine, identity: str) -> Log:
    """Return the end of a container's log."""
    args = ("logs", "--timestamps", "--tail", str(TAIL), identity)
    ran = engine.run(*args, seconds=SECONDS)
    if ran.code:
        return Log(obstacle=ran.complaint[:300])
    found = [*read(ran.out), *read(ran.err)]
    found.sort(key=lambda line: line.time)
    return Log(tuple(found), cut=ran.code is None)


def read(data: bytes) -> list[Line]:
    """Read lines that begin with a time; what is not text is kept as replacement characters."""
    found = []
    for line in data.split(b"\n"):
        time, _, text = line[: LINE + 40].decode("utf-8", "replace").partition(" ")
        if time:
            found.append(Line(time, text))
    return found
