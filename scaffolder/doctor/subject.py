"""What the checks look at: this machine, and the service that somebody is in, if any."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scaffolder.docker import client, info
from scaffolder.docker.client import EngineError
from scaffolder.engine import git
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError, UsageError, unknown
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.operations import locking, set_values
from scaffolder.operations.locking import Locking
from scaffolder.operations.service import Service, find, load
from scaffolder.operations.set_values import SetValue


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
        assert self.service is not None  # noqa: S101 - checks say what they need
        return locking.of(self.service.template, self.service.language)

    @cached_property
    def set_values(self) -> list[SetValue]:
        """Return what the service's files and the environment set."""
        return set_values.found(self.place)

    def content(self, path: str) -> bytes | None:
        """Return a file of the service as it is on the disk; None if it is no regular file."""
        place = self.place / path
        return place.read_bytes() if place.is_file() and not place.is_symlink() else None


def of(start: Path, *, language: str = "", contact: bool = False) -> Subject:
    """Return what is to be checked at `start`: its service, or a machine for one in `language`.

    Nobody is asked, and no server. Raise UsageError for a language that does not exist, or that the
    service is not written in.
    """
    if language and language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES, "viscaffold doctor --help")
    if find(start) is None:
        return Subject(start, language or DEFAULT, contact=contact)
    try:
        service = load(start, None)
    except RefusedError as error:
        return Subject(start, language or DEFAULT, damaged=error, contact=contact)
    if language not in ("", service.language):
        raise UsageError(f"the service here is in {service.language}, not in {language}")
    return Subject(start, service.language, service, contact=contact)
