"""How a container is configured: its settings, its image, and the machine it runs on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffolder.text import command

from .build import Build

MADE_UP = re.compile(r"[0-9a-f]{64}")


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
        """The command, for a sentence."""
        return " ".join(self.test[1:])

    @property
    def typed(self) -> str:
        """The command, for a command line: a shell form is one for the shell inside."""
        words = self.test[1:]
        return command("sh", "-c", *words) if self.test[0] == "CMD-SHELL" else command(*words)


@dataclass(frozen=True)
class Mount:
    """A volume, a directory or file of the host, or a tmpfs, mounted on a container path."""

    kind: str
    source: str
    destination: str
    writable: bool = True
    name: str = ""
    options: str = ""
    is_own: bool = False
    """A copy of the container gets what is in it in a volume of its own, to write to."""

    @property
    def called(self) -> str:
        """The name of a volume, in full unless Docker made it up; empty if it is none."""
        return self.name[:20] if MADE_UP.fullmatch(self.name) else self.name


@dataclass(frozen=True)
class Port:
    """A port of the container, and where it is published; not published without a host port."""

    number: int
    protocol: str = "tcp"
    host_address: str = ""
    host_port: int = 0


@dataclass(frozen=True)
class Config:
    """What is started, as which user, where, with which settings, and its limits."""

    image: str = ""
    image_id: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    hostname: str = ""
    """The name of its host, if it was given one."""
    hosts: tuple[str, ...] = ()
    """Names that it was given addresses for: `db:10.0.0.2`."""
    name_servers: tuple[str, ...] = ()
    """Whom it asks for names (`--dns`), where that is not left to the engine."""
    labels: Mapping[str, str] = field(default_factory=dict)
    exposed: tuple[Port, ...] = ()
    published: tuple[Port, ...] = ()
    check: HealthCheck | None = None
    tty: bool = False
    stdin: bool = False
    init: bool = False
    read_only: bool = False
    memory: int = 0
    swap: int = 0
    pids: int = 0
    cpus: float = 0.0
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which CPUs it may use, and how fast its devices are: options of `docker run` → values."""
    shm: int = 0
    ulimits: Mapping[str, int] = field(default_factory=dict)
    restart: str = "no"
    retries: int = 0
    log_driver: str = "json-file"
    network: str = "default"
    networks: Mapping[str, str] = field(default_factory=dict)
    """Name of a network → the container's address in it."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The name that a link (`--link`) gives to another container → the name of that."""
    capabilities_dropped: tuple[str, ...] = ()
    capabilities_added: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    devices: tuple[str, ...] = ()
    """Where it has the devices that it was given."""
    architecture: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """What the runtime executes."""
        return (*self.entrypoint, *self.command)

    @property
    def slowed(self) -> list[str]:
        """The options of `docker run` that limit how fast it is."""
        given = {"cpus": (f"{self.cpus:g}",) if self.cpus else (), **self.limits}
        return [f"--{name}={value}" for name, values in given.items() for value in values]

    @property
    def all_mounts(self) -> tuple[Mount, ...]:
        """Its mounts, with those in memory that are set by --tmpfs."""
        return (*self.mounts, *(Mount("tmpfs", "", place) for place in self.tmpfs))

    def knows(self, host: str) -> bool:
        """Tell whether a link makes a name known, on any network: its own, or that of a link."""
        return host in self.links or host in self.links.values()

    @property
    def must_stay(self) -> bool:
        """Tell whether it should stay up: its restart policy would restart it after a success."""
        return self.restart in ("always", "unless-stopped")


@dataclass(frozen=True)
class Image:
    """The image's configuration, and the image that its tag refers to now."""

    id: str = ""
    architecture: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    volumes: tuple[str, ...] = ()
    check: HealthCheck | None = None
    created: str = ""
    tagged: str = ""
    """The id that the container's tag refers to now; empty if none."""
    built_from: Build | None = None
    """The directory that it was built from, where a person names it."""


@dataclass(frozen=True)
class Host:
    """The machine that the engine runs on."""

    architecture: str = "amd64"
    engine: str = "docker"
    """What a person types to ask it."""
    flags: frozenset[str] = frozenset()
    """The CPU's feature flags; empty if unknown."""
