"""Where evidence comes from: an engine, or a record."""

from typing import Protocol

from scaffolder.diagnose.facts import Event, Neighbour, Process, Socket, Usage

from .files import Files
from .kernel import Message
from .logs import Log


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

    def processes(self) -> tuple[Process, ...] | None:
        """Return its processes."""

    def usage(self) -> Usage:
        """Return what it uses of its limits."""

    def status(self) -> str:
        """Return /proc/1/status."""

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return the other containers."""

    def sockets_of(self, name: str) -> tuple[Socket, ...] | None:
        """Return what another container listens on."""

    def kernel(self) -> tuple[Message, ...]:
        """Return what the kernel logged of crashes and kills."""

    def networks(self) -> frozenset[str]:
        """Return the names of the engine's networks that have no way out."""

    def unread(self) -> list[str]:
        """Return what could not be read, and why."""
