"""What is known about a container, as plain values, the same live or recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .config import Mount, Port
from .moments import moment


@dataclass(frozen=True)
class Probe:
    """One run of a health check."""

    exit_code: int
    output: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Health:
    """What Docker's health check found."""

    status: str
    failing: int = 0
    log: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class State:
    """How the container is, or how it ended."""

    status: str = "exited"
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    pid: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    health: Health | None = None

    @property
    def seconds(self) -> float:
        """How long the last run lasted; 0 if it is not over, or never began."""
        if not self.started or not self.finished or self.finished < self.started:
            return 0.0
        return (self.finished - self.started).total_seconds()


@dataclass(frozen=True)
class Event:
    """Something that happened to the container, as the daemon remembers it."""

    time: float
    action: str
    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True)
class Entry:
    """A file, directory or link in the container."""

    path: str
    kind: str
    """file, directory, link or other."""
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    size: int = 0
    target: str = ""


@dataclass(frozen=True)
class Socket:
    """A TCP port that the container listens on, with `waiting` connections not accepted."""

    address: str
    port: int
    waiting: int = 0
    left: int = 0
    """Connections whose clients have left, and which it has not closed (CLOSE_WAIT)."""
    unread: int = 0
    """Bytes that clients have sent, and that it has not read."""

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is reachable only from inside."""
        return self.address.startswith("127.") or self.address == "::1"


@dataclass(frozen=True)
class Connection:
    """A TCP connection that the container has made to another machine, or tries to make."""

    address: str
    port: int
    is_tried: bool = False
    """Nobody has answered yet (SYN_SENT)."""


@dataclass(frozen=True)
class Process:
    """A process of the container, with its ids on the host."""

    pid: int
    parent: int
    state: str
    command: str
    seconds: int = 0
    """Since its start."""


@dataclass(frozen=True)
class Thread:
    """A thread of the container: the function of the kernel that it waits in, as ps has it."""

    process: int
    waits_in: str
    caught: int = 0
    """The signals that its process handles, a bit each."""


@dataclass(frozen=True)
class Locked:
    """A file on which another container holds a lock, or a process of this one."""

    path: str
    holder: str
    """The id of that container."""
    is_open: bool = True
    """A process has it open; if none has, its path is that in the other container."""
    is_awaited: bool = False
    """The kernel lists a process that waits for it."""
    between: tuple[int, int] | None = None
    """The process of this container that waits, and the one that started it and holds the lock."""


@dataclass(frozen=True)
class Usage:
    """What a running container uses of its limits; None where that could not be read."""

    memory: int | None = None
    peak: int | None = None
    oom_kills: int | None = None
    pids: int | None = None
    throttled: float | None = None
    """The fraction of periods in which its CPU limit throttled it."""


@dataclass(frozen=True)
class Neighbour:
    """Another container of this engine."""

    name: str
    status: str
    image: str = ""
    networks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Its names and aliases on its networks."""
    published: tuple[Port, ...] = ()
    sockets: tuple[Socket, ...] | None = None
    health: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    identity: str = ""
    started: datetime | None = None
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    workdir: str = "/"


@dataclass(frozen=True)
class Line:
    """A line that the container wrote."""

    time: str
    text: str


@dataclass(frozen=True)
class Log:
    """The last lines, oldest first; `obstacle` says why none can be read."""

    lines: tuple[Line, ...] = ()
    obstacle: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was written, as far as is known."""
        return not any(line.text.strip() for line in self.lines)

    def since(self, started: datetime | None) -> tuple[Line, ...]:
        """Return the lines of the run that began then."""
        if started is None:
            return self.lines
        return tuple(
            line for line in self.lines if (at := moment(line.time)) is None or at >= started
        )


def first_process(processes: Sequence[Process]) -> Process | None:
    """Return PID 1: the oldest one that no other started; host ids may wrap around."""
    inside = {process.pid for process in processes}
    outer = [process for process in processes if process.parent not in inside]
    return min(outer or processes, key=lambda p: (-p.seconds, p.pid), default=None)
