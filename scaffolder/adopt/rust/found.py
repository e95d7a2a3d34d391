"""What a directory has of a Rust service that is to be adopted; nothing of it is run."""

import shlex
from dataclasses import dataclass

from scaffolder.adopt.sources import Fact, Sources
from scaffolder.docker.container import PORT

from .packages import Package, Program


@dataclass(frozen=True)
class Found:
    """A service as it stands there."""

    sources: Sources
    packages: list[Package]
    programs: list[Program]
    chosen: Program | None
    arguments: Fact | None
    """What it gets on its command line, as a shell has it."""
    port: Fact | None
    health: list[Fact]
    variables: set[str]
    """Those of the environment that it reads."""
    members: list[str]
    """The patterns by which its workspace names members."""

    @property
    def entry(self) -> str:
        """Return the name of the program."""
        return self.chosen.name if self.chosen else ""

    @property
    def words(self) -> list[str]:
        """Return its arguments."""
        return shlex.split(self.arguments.what) if self.arguments else []

    @property
    def program_port(self) -> int:
        """Return the port that the program gets, its usual one if it can stay; 0 for none found."""
        usual = int(self.port.what) if self.port else 0
        return usual + 1 if usual == PORT and "PORT" in self.variables else usual
