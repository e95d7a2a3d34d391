"""What the checks look at: this machine, and the service that somebody is in, if any."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scaffolder.docker import client, info
from scaffolder.docker.client import EngineError
from scaffolder.engine import git
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError
from scaffolder.languages.all import DEFAULT
from scaffolder.operations import locking, set_values
from scaffolder.operations.locking import Locking
from scaffolder.operations.service import Service, around
from scaffolder.operations.set_values import SetValue
from scaffolder.regular_files import is_regular


@dataclass(frozen=True)
class Subject:
    """A machine and, where there is one, a service; what several checks read is read once."""

    start: Path
    language: str
    service: Service | None = None
    damaged: RefusedError | None = None
    """Why the service that is there cannot be read."""
    contact: bool = False
    """Whether a Docker daemon on another machine may be asked."""

    @property
    def place(self) -> Path:
        """Return the directory that the next step works in."""
        return self.service.root if self.service else self.start

    @cached_property
    def repository(self) -> Repository | None:
        """Return the repository of the service, or of this directory."""
        return git.repository(self.place)

    @property
    def required_service(self) -> Service:
        """Return the service, for a check that needs one: it is made only where there is one."""
        assert self.service is not None  # noqa: S101 - see `Check.is_meant_for`
        return self.service

    @property
    def required_repository(self) -> Repository:
        """Return the repository, for a check that needs one: it is made only where there is one."""
        assert self.repository is not None  # noqa: S101 - see `Check.is_meant_for`
        return self.repository

    @cached_property
    def docker(self) -> info.Info | EngineError:
        """Return what the container engine says of itself, or why it says nothing."""
        try:
            return info.read(client.find(), contact=self.contact)
        except EngineError as error:
            return error

    @cached_property
    def locking(self) -> Locking:
        """Return how the dependencies of the service are locked."""
        return locking.of_service(self.required_service)

    @cached_property
    def set_values(self) -> list[SetValue]:
        """Return what the service's files and the environment set."""
        return set_values.found(self.place, self.inner)

    @property
    def inner(self) -> str:
        """Return the directory of the service that has its settings; empty for its own."""
        return self.service.inner if self.service else ""

    @property
    def home(self) -> Path:
        """Return that directory."""
        return self.place / self.inner

    def content(self, path: str) -> bytes | None:
        """Return a file of the service as it is on the disk; None if it is no regular file."""
        return _read(self.service.file(path) if self.service else self.place / path)

    def placed(self, path: str) -> bytes | None:
        """Return the same by the path that the file has in this service, not in the template."""
        return _read(self.place / path)


def _read(place: Path) -> bytes | None:
    return place.read_bytes() if is_regular(place) else None


def of(start: Path, *, language: str = "", contact: bool = False) -> Subject:
    """Return what is to be checked at `start`: its service, or a machine for one in `language`.

    Nobody is asked, and no server. Raise UsageError for a language that does not exist, or that the
    service is not written in.
    """
    try:
        service = around(start, None, language, "viscaffold doctor --help")
    except RefusedError as error:
        return Subject(start, language or DEFAULT, damaged=error, contact=contact)
    if service is None:
        return Subject(start, language or DEFAULT, contact=contact)
    return Subject(start, service.language, service, contact=contact)
