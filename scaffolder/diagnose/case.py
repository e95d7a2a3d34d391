"""A case: a container and all evidence about it, gathered when it is first asked for."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from . import phase as phases
from .facts import Config, Entry, Event, Image, Line, Neighbour, Process, Socket, State, Usage
from .identity import Identity, identify
from .launched import Launched, launched
from .phase import Phase
from .program import Finder, Program
from .sources.files import Files, resolved
from .sources.kernel import Message
from .sources.logs import Log
from .sources.protocol import Sources

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Host:
    """The machine that the engine runs on."""

    architecture: str = "amd64"
    memory: int = 0
    processors: int = 0
    flags: frozenset[str] = frozenset()
    """What its processor can do; empty where that is not known."""
    is_remote: bool = False


@dataclass
class Case:
    """One container, or an image of which nothing runs."""

    target: str
    kind: str
    identity_number: str
    config: Config
    state: State
    restarts: int
    image: Image | None
    host: Host
    sources: Sources

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What happened to it, oldest first."""
        return self.sources.events()

    @cached_property
    def log(self) -> Log:
        """What it wrote, in all of its runs."""
        return self.sources.log()

    @cached_property
    def phase(self) -> Phase:
        """How far it got."""
        if self.kind == "image":
            return Phase.IMAGE
        found = phases.phase(self.state, self.config, self.events, self.restarts)
        # A failed exec leaves its words in the log with runc 1.1, and in the state elsewhere.
        return (
            Phase.START if found & Phase.ENDED and self.refusal and not self.state.error else found
        )

    @cached_property
    def exit_code(self) -> int:
        """How the last run ended."""
        return phases.exit_code(self.state, self.events)

    @cached_property
    def signals(self) -> list[int]:
        """Signals that the engine was told to send in the last run."""
        return phases.last_signals(self.events)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """What the last run that wrote anything wrote."""
        last = self.log.since(self.state.started)
        return last if any(line.text.strip() for line in last) else self.log.lines

    @cached_property
    def text(self) -> str:
        """The lines, as one text."""
        return "\n".join(line.text for line in self.lines)

    @cached_property
    def refusal(self) -> str:
        """What the runtime said when it could not start the program; empty if it could."""
        if self.state.error:
            return self.state.error
        said = [line.text for line in self.log.lines if line.text.strip()]
        last = said[-1] if said else ""
        return last if REFUSAL.match(last) else ""

    @cached_property
    def is_silent(self) -> bool:
        """Tell whether nobody can read a word of it."""
        return self.log.is_empty

    @cached_property
    def is_up(self) -> bool:
        """Tell whether it runs at this moment."""
        return self.state.status == "running"

    @cached_property
    def files(self) -> Files:
        """Its files, with what is mounted over them."""
        return self.sources.files()

    @cached_property
    def image_files(self) -> Files:
        """The files of its image, below all mounts."""
        return self.sources.image_files()

    @cached_property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """Which files it wrote."""
        return self.sources.changes()

    @cached_property
    def sockets(self) -> tuple[Socket, ...] | None:
        """What it listens on; None if that is not known."""
        return self.sources.sockets() if self.is_up else ()

    @cached_property
    def processes(self) -> tuple[Process, ...] | None:
        """Its processes; None if they are not known."""
        return self.sources.processes() if self.is_up else ()

    @cached_property
    def usage(self) -> Usage:
        """What it uses of its limits."""
        return self.sources.usage() if self.is_up else Usage()

    @cached_property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The other containers."""
        return self.sources.neighbours()

    @cached_property
    def kernel(self) -> tuple[Message, ...]:
        """What the kernel logged of crashes and kills."""
        return self.sources.kernel()

    @cached_property
    def identity(self) -> Identity:
        """Who its process is."""
        return identify(self.config, self.files)

    @cached_property
    def finder(self) -> Finder:
        """Finds the programs that it starts."""
        config = self.config
        architecture = self.host.architecture
        return Finder(self.files, self.identity, config.env, config.workdir, architecture)

    @cached_property
    def program(self) -> Program | None:
        """What the runtime starts; None if the image names nothing."""
        return self.finder.find(self.config.argv) if self.config.argv else None

    @cached_property
    def launched(self) -> tuple[Launched, ...]:
        """What is started, by the runtime and by scripts, as far as they can be read."""
        return launched(self)

    def said(self, pattern: str, flags: int = re.IGNORECASE) -> re.Match[str] | None:
        """Return the last place in the log where a pattern is found."""
        found = None
        for found in re.finditer(pattern, self.text, flags | re.MULTILINE):  # noqa: B007 - the last
            pass
        return found

    def line(self, match: "re.Match[str]") -> str:
        """Return the whole line, or lines, in which a pattern was found."""
        start = match.string.rfind("\n", 0, match.start()) + 1
        end = match.string.find("\n", match.end())
        return match.string[start : end if end >= 0 else None].strip()

    def mount_over(self, path: str) -> "Iterable[object]":
        """Return the mounts that hold a path, the innermost first."""
        holds = [m for m in self.config.mounts if is_below(path, m.destination)]
        return sorted(holds, key=lambda m: -len(m.destination))

    def has(self, path: str) -> Entry | None:
        """Return what is at a path of the container, links followed; None if nothing is."""
        return resolved(self.files, path, self.config.workdir)


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder, or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


REFUSAL = re.compile(
    r"^(?:standard_init_linux\.go:\d+: )?(?:exec (?:user process caused|container process)"
    r"|exec /?\S.*: (?:no such file or directory|exec format error|permission denied"
    r"|argument list too long|text file busy|input/output error|is a directory|not a directory"
    r"|too many levels of symbolic links|operation not permitted|invalid argument"
    r"|cannot allocate memory)$)|^\[FATAL tini|^.*: exec .* failed: ",
    re.IGNORECASE,
)
