"""Commands, tools and names of a language in one template version: its language.yml.

A service has those of the version that it was made with; what versions from before there was such a
file, or such a key in it, would have is in `released/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffolder import plain_yaml

from .base import Command

FILE = "language.yml"
RELEASED = Path(__file__).parent / "released"


@dataclass(frozen=True)
class Check(Command):
    """A tool that checks a service; it passes with status 0.

    `{cache}` in the value of a variable is a directory that services share.
    """

    in_turn: bool = False
    """One service after the other, for what they share is not for two at once."""
    nothing: int = 0
    """The exit status, other than 0, with which it says that there is nothing to check."""


@dataclass(frozen=True)
class Toolchain:
    """What language.yml says."""

    commands: Mapping[str, str]
    """For a person to type in the service: `setup`, `install`, `run`, `test`."""
    checks: Mapping[str, Check]
    stage_tests: str
    """Where the tests of the stage `{stage}` are: a pattern, as a shell has them."""
    taken: tuple[str, ...]
    """Names that no service can have: packages that are installed with one, and their modules."""

    manifest: str = ""
    """Where a service names its dependencies."""
    locks: Mapping[str, str] = field(default_factory=dict)
    """The files that lock them, by purpose; none in versions from before there were any."""
    build: Command | None = None
    """What makes of the sources what is started, where that is needed."""
    start: Command = field(default=Command(()))
    """What starts the service. In both, `{root}` is its directory, `{environment}` that of what is
    installed for it, and `{name}` and `{package}` are its names."""
    drills: Sequence[Mapping[str, Any]] = ()
    """Faults that are injected into containers of services in this language: see verify/drills."""

    resource: Mapping[str, Any] = field(default_factory=dict)
    """What `add-resource` writes and edits; nothing in versions from before it."""

    def command(self, name: str, package: str = "") -> str:
        """Return a command for the service with this package."""
        return self.commands[name].replace("{package}", package)


def load(template: Path, language: str) -> Toolchain:
    """Read what the template in the directory `template` has for a language."""
    file = template / "template" / language / FILE
    found = {
        key: value for each in (RELEASED / f"{language}.yml", file) for key, value in _read(each)
    }
    checks = {
        name: Check(*_parts(check), check.get("in_turn", False), check.get("nothing", 0))
        for name, check in found["checks"].items()
    }
    return Toolchain(
        found["commands"],
        checks,
        found["stage_tests"],
        tuple(found["taken"]),
        found.get("manifest", ""),
        found.get("locks", {}),
        Command(*_parts(found["build"])) if "build" in found else None,
        Command(*_parts(found["start"])) if "start" in found else Command(()),
        found.get("drills", ()),
        found.get("resource", {}),
    )


def _read(file: Path) -> Iterable[tuple[str, Any]]:
    return plain_yaml.load(file.read_bytes()).items() if file.exists() else ()


def _parts(command: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    return tuple(command["run"]), command.get("variables", {})
