"""What is known of a container, as plain values: the same whether asked for or recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"}


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
class HealthCheck:
    """How a container's health is checked; times in seconds, 0 for Docker's default."""

    test: tuple[str, ...]
    interval: float = 0.0
    timeout: float = 0.0
    start_period: float = 0.0
    retries: int = 0

    @property
    def words(self) -> str:
        """The command, as a person would type it."""
        return " ".join(self.test[1:])


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
        """How long the last run took; 0 if it is not over, or never began."""
        if not self.started or not self.finished or self.finished < self.started:
            return 0.0
        return (self.finished - self.started).total_seconds()


@dataclass(frozen=True)
class Mount:
    """A volume, a directory or file of the host, or a tmpfs, over a path of the container."""

    kind: str
    source: str
    destination: str
    writable: bool = True
    name: str = ""
    options: str = ""


@dataclass(frozen=True)
class Port:
    """A port of the container, and where it is published; no host port, not published."""

    number: int
    protocol: str = "tcp"
    host_address: str = ""
    host_port: int = 0


@dataclass(frozen=True)
class Config:
    """What is started, as whom, where and with what, and the limits that it has to live with."""

    image: str = ""
    image_id: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    labels: Mapping[str, str] = field(default_factory=dict)
    exposed: tuple[Port, ...] = ()
    published: tuple[Port, ...] = ()
    check: HealthCheck | None = None
    stop_signal: str = ""
    stop_seconds: int = 10
    tty: bool = False
    stdin: bool = False
    init: bool = False
    read_only: bool = False
    memory: int = 0
    swap: int = 0
    pids: int = 0
    cpus: float = 0.0
    shm: int = 0
    ulimits: Mapping[str, int] = field(default_factory=dict)
    restart: str = "no"
    retries: int = 0
    log_driver: str = "json-file"
    network: str = "default"
    networks: Mapping[str, str] = field(default_factory=dict)
    """Name of a network → the container's address in it."""
    capabilities_dropped: tuple[str, ...] = ()
    capabilities_added: tuple[str, ...] = ()
    privileged: bool = False
    security: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    architecture: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """What the runtime executes."""
        return (*self.entrypoint, *self.command)

    @property
    def must_stay(self) -> bool:
        """Tell whether it was meant to stay: it would be started again, or serves a port."""
        return self.restart in ("always", "unless-stopped")


@dataclass(frozen=True)
class Image:
    """What the image says, and whether its tag still names the one that the container runs."""

    id: str = ""
    architecture: str = ""
    system: str = "linux"
    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    volumes: tuple[str, ...] = ()
    created: str = ""
    tagged: str = ""
    """The id that the container's tag names now; empty if none."""


@dataclass(frozen=True)
class Event:
    """Something that happened to the container, as the daemon remembers it."""

    time: float
    action: str
    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True)
class Line:
    """A line that the container wrote."""

    time: str
    text: str


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
    """A TCP port that something in the container listens on; `waiting` connections not accepted."""

    address: str
    port: int
    waiting: int = 0

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is reachable only from inside."""
        return self.address.startswith("127.") or self.address == "::1"


@dataclass(frozen=True)
class Process:
    """A process of the container, by the host's ids."""

    pid: int
    parent: int
    state: str
    command: str
    seconds: int = 0
    """Since its start."""


@dataclass(frozen=True)
class Usage:
    """What a running container uses of its limits; None where that could not be read."""

    memory: int | None = None
    peak: int | None = None
    oom_kills: int | None = None
    pids: int | None = None
    throttled: float | None = None
    """The part of the periods in which it was held back for its limit of processors."""


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
