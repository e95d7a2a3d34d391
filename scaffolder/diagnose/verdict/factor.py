"""One thing that is changed in a copy of a container."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import basename

from scaffolder.diagnose.evidence.config import Config

from .cures import Cure

WITHOUT = "without "
"""How the name of a change begins that leaves something out."""


@dataclass(frozen=True)
class Factor:
    """One thing that is changed."""

    name: str
    config: Config
    options: tuple[str, ...] = ()
    flags: str = ""
    """What a person types to change the same."""
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    """What is put into the copy: paths and content; None for a directory."""
    removed: tuple[str, ...] = ()
    """The paths that the copy does not have, of those that are in mounts."""
    mode: int | None = None
    owner: tuple[int, int] = (0, 0)
    """The mode of these files, and whose they are; without a mode, as those that they replace."""
    folder: str = "/"
    """What these paths begin at."""
    asks: tuple[str, ...] = ()
    """A command that is run in the copy once its program is up; its output is read."""
    hears: tuple[str, ...] = ()
    """Options of `docker exec` for that command."""
    again: bool = False
    """The copy is started a second time, and what it does then counts."""
    quits: bool = False
    """It is sent SIGQUIT when its time is over, upon which runtimes tell where threads are."""
    reads: str = ""
    """The path of a file that is read when the copy has ended, or has been asked."""
    without: str = ""
    """The flag that a person leaves out to change the same."""
    cure: Cure | None = None
    """What it means if a copy with this change does not fail."""
    endings: Mapping[int, Cure] = field(default_factory=dict)
    """What it means if such a copy exits with a certain code."""
    reveals: str = ""
    """The cause that hid the output that only a copy with this change prints."""

    @property
    def changed(self) -> str:
        """What a copy is run with, or without, for a sentence."""
        return self.name if self.name.startswith(WITHOUT) else f"with {self.name}"


def mounted(path: str) -> str:
    """Return the option with which a person gives a container a file, from where it is called."""
    return f"-v ./{basename(path)}:{shlex.quote(path)}"
