"""Where evidence comes from: an engine, or a record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from scaffolder.diagnose.evidence.facts import Log
from scaffolder.diagnose.evidence.files import Files
from scaffolder.diagnose.evidence.kernel_log import Message

from .facts import Connection, Event, Locked, Neighbour, Process, Socket, Thread, Usage


class Sources(Protocol):
    """Where evidence comes from: an engine, or a record."""

    def events(self) -> tuple[Event, ...]:
        """Return what happened to the container."""

    def log(self) -> Log:
        """Return what it wrote."""

    def files(self) -> Files:
        """Return its files."""

    def image_files(self) -> Files:
        """Return its image's files: without mounts, and without what the container wrote."""

    def changes(self) -> tuple[tuple[str, str], ...]:
        """Return which files it wrote."""

    def sockets(self) -> tuple[Socket, ...] | None:
        """Return what it listens on."""

    def other_sockets(self) -> tuple[str, ...]:
        """Return where it can be reached other than by TCP: UDP ports and Unix sockets."""

    def connections(self) -> tuple[Connection, ...]:
        """Return to whom it is connected, or tries to connect."""

    def history(self) -> tuple[str, ...]:
        """Return the instructions that its image was built from, the first one first."""

    def processes(self) -> tuple[Process, ...] | None:
        """Return its processes."""

    def threads(self) -> tuple[Thread, ...]:
        """Return all threads of its processes; none if they cannot be read."""

    def usage(self) -> Usage:
        """Return how much of its limits it uses."""

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return the other containers."""

    def sockets_of(self, name: str) -> tuple[Socket, ...] | None:
        """Return what another container listens on."""

    def files_of(self, name: str) -> Files:
        """Return the files of another container."""

    def log_of(self, name: str, within: tuple[datetime, datetime]) -> Log:
        """Return what another container wrote in some time."""

    def lock_holders(self, path: str) -> tuple[str, ...]:
        """Return the ids of the containers that hold a lock on a file of the host."""

    def locked(self, processes: Sequence[Process]) -> tuple[Locked, ...]:
        """Return the files that others keep locked: those that its processes have open first."""

    def host_listens(self, port: int) -> bool | None:
        """Tell whether a program on the host listens on a port; None if unknown."""

    def host_restricts(self, port: int) -> bool:
        """Tell whether only the privileged may listen on a port in the host's own network."""

    def kernel(self) -> tuple[Message, ...]:
        """Return what the kernel logged about crashes and kills."""

    def networks(self) -> frozenset[str]:
        """Return the names of the engine's internal networks."""

    def unread(self) -> list[str]:
        """Return what could not be read, and why."""
