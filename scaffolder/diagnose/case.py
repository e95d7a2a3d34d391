"""A case: a container and all evidence about it, gathered on first use."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from .deadline import Deadline
from .evidence import facts, log_files, log_search, pod_phase
from .evidence import phase as phases
from .evidence.config import Config, Host, Image
from .evidence.facts import Entry, Event, Line, Log, Neighbour, Process, Socket, State, Usage
from .evidence.files import Files, resolved
from .evidence.identity import Identity, identify
from .evidence.kernel_log import Message
from .evidence.log_files import LogFile
from .evidence.phase import Phase
from .evidence.pod import Pod
from .evidence.searched import Searched
from .evidence.seen import Seen
from .evidence.sources import Sources
from .programs import purpose
from .programs.launched import Launched, launched
from .programs.program import Finder, Program


@dataclass
class Case(Searched):
    """One container, or an image of which nothing runs, or the container of a pod."""

    target: str
    kind: str
    identity_number: str
    config: Config
    state: State
    restarts: int
    image: Image | None
    host: Host
    sources: Sources
    deadline: Deadline = field(default_factory=Deadline)
    unsought: list[str] = field(default_factory=list)
    """Causes that could not be checked, and why."""
    seen: Seen = field(default_factory=Seen)
    recorded: datetime | None = None
    """When the evidence was recorded; None where it is gathered now."""
    pod: Pod | None = None
    """The pod that it is a container of, where a cluster runs it."""

    @cached_property
    def now(self) -> datetime:
        """The moment that ages are counted from: evidence stays as old while copies run."""
        return self.recorded or datetime.now(UTC)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What happened to it, oldest first."""
        return pod_phase.events(self.pod) if self.pod else self.sources.events()

    @cached_property
    def log(self) -> Log:
        """What it wrote, in all of its runs."""
        return self.sources.log()

    @cached_property
    def phase(self) -> Phase:
        """How far it got."""
        if self.kind == "image":
            return Phase.IMAGE
        if self.pod:
            return pod_phase.phase(self.pod, self.now)
        found = phases.phase(self.state, self.config, self.events, self.restarts, self.now)
        refused = found & Phase.ENDED and self.refusal and not self.state.error
        unsaid = phases.may_be_refused(found, self.host.engine) and self.program
        return Phase.START if refused or (unsaid and unsaid.first_problem) else found

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
        """What the last run that wrote anything wrote, and what it might have said at its end."""
        last = self.log.since(self.state.started)
        kept = last if any(line.text.strip() for line in last) else self.log.lines
        filed = self.log_file.said if self.log_file and self.phase & Phase.ENDED else ()
        return (*kept, *(Line("", text) for text in (*self.seen.lines, *filed)))

    @cached_property
    def log_file(self) -> LogFile | None:
        """The file that it logs to, where its output reports no failure."""
        written = log_files.written(self.log, self.seen.trace, lambda: self.changes)
        return log_files.log_file(self.files, written) if written and not self.pod else None

    @cached_property
    def text(self) -> str:
        """The lines, as one text."""
        return "\n".join(log_search.shortened(line.text) for line in self.lines)

    @cached_property
    def last_words(self) -> str:
        """The last line that reports a failure; empty if none does."""
        return log_search.last_words(line.text for line in self.lines)

    @cached_property
    def refusal(self) -> str:
        """The runtime's error if it could not start the program; empty if it could."""
        return phases.refusal(self.state, self.log)

    @cached_property
    def is_silent(self) -> bool:
        """Tell whether its log is empty or unreadable."""
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
        """What it listens on; None if unknown."""
        return self.sources.sockets() if self.is_up else ()

    @cached_property
    def other_sockets(self) -> tuple[str, ...]:
        """Where it can be reached other than by TCP."""
        return self.sources.other_sockets() if self.is_up else ()

    @cached_property
    def history(self) -> tuple[str, ...]:
        """The instructions that its image was built from, the first one first."""
        return self.sources.history()

    @cached_property
    def processes(self) -> tuple[Process, ...] | None:
        """Its processes; None if unknown."""
        return self.sources.processes() if self.is_up else ()

    @cached_property
    def first(self) -> Process | None:
        """Its PID 1."""
        return facts.first_process(self.processes or ())

    @cached_property
    def usage(self) -> Usage:
        """How much of its limits it uses."""
        return self.sources.usage() if self.is_up else Usage()

    @cached_property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The other containers."""
        return self.sources.neighbours()

    @cached_property
    def kernel(self) -> tuple[Message, ...]:
        """What the kernel logged about crashes and kills."""
        return self.sources.kernel()

    @cached_property
    def identity(self) -> Identity:
        """The user that its process runs as."""
        return identify(self.config, self.files)

    @property
    def acting(self) -> Identity:
        """The user as which the process ran that decided the end."""
        return identify(self.config, self.files, self.seen.user)

    @cached_property
    def finder(self) -> Finder:
        """Finds the programs that it starts."""
        return Finder(self.files, self.identity, self.config, self.host.architecture)

    @cached_property
    def program(self) -> Program | None:
        """What the runtime starts; None if the image names nothing."""
        return self.finder.find(self.config.argv) if self.config.argv else None

    @cached_property
    def launched(self) -> tuple[Launched, ...]:
        """What is started, by the runtime and by scripts, as far as these can be read."""
        return launched(self.config, self.files, self.finder)

    def is_meant(self, instruction: str) -> bool:
        """Tell whether an EXPOSE or HEALTHCHECK was written for the command that runs."""
        return purpose.is_meant(self.config.argv, self.image, self.history, instruction)

    def has(self, path: str) -> Entry | None:
        """Return what is at a path of the container, links followed; None if nothing is."""
        return resolved(self.files, path, self.config.workdir)
