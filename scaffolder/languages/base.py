"""What each language offers: a module of this package with the functions of this protocol.

A language knows how its code is read and where its tools keep things. What changes from one
template version to the next (commands, tools, names that are taken) is in that version's
`template/LANGUAGE/language.yml` instead: see toolchain.py.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .tools import Tool

Tree = Mapping[str, tuple[str, bytes]]
"""Path → mode and content, as in engine/trees.py."""


ADDRESS = re.compile(r"""://(?:[^\s()'"`]*@)?([^\s()'"`/?#]*)[^\s()'"`]*""")


class NotLockedError(Exception):
    """Dependencies cannot be locked; the message is the reason, to follow a colon."""

    def __init__(self, reason: str, command: str = "viscaffold lock") -> None:
        """Keep which `command` locks them later, or instead of viscaffold."""
        super().__init__(reason)
        self.command = command


class ContradictionError(NotLockedError):
    """No versions fit all that is required."""


class NotFoundError(Exception):
    """A tool of a language is not there; the message says which, and where it comes from."""


def hosts_only(text: str) -> str:
    """Return what a tool says with no more of an address than its host.

    Registries take credentials as a user and password, in the path and in the query.
    """
    return ADDRESS.sub(r"://\1", text)


@dataclass(frozen=True)
class Command:
    """A command line, and the variables that it is run with beside those of the environment."""

    run: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Import:
    """A module that is imported, or something in one, and the name that it has in the code."""

    line: int
    module: str
    name: str


@dataclass(frozen=True)
class Text:
    """A text in code, in the parts between which values are put."""

    line: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """What a file of code imports, and the lines on which it uses each name."""

    imports: list[Import]
    uses: dict[str, list[int]]
    bound: set[str]


def parts(module: str) -> list[str]:
    """Return the words of a module's name, in whatever language."""
    return re.split(r"::|\.", module)


def is_within(module: str, outer: str) -> bool:
    """Tell whether a module is `outer`, or in it."""
    words = parts(outer)
    return parts(module)[: len(words)] == words


@dataclass(frozen=True)
class Wiring:
    """What is to be made known to a service of a resource that `add-resource` wrote."""

    module: str
    """Its module, its table and its routes are called so: the plural."""
    number: str = ""
    """That of its migration, where it has one."""


class WiringError(Exception):
    """A file of the user's is not as plain as the template's, and is not edited.

    `lines` are to be added by hand; without any, `reason` says what is in the way.
    """

    def __init__(self, role: str, lines: Iterable[str], reason: str = "") -> None:
        """Keep the role of the file, as `Language.wired` has it."""
        super().__init__(reason)
        self.role, self.lines, self.reason = role, list(lines), reason


class Language(Protocol):
    """One language: the members are read-only, so that a module can be one."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of the module
        """As answers, the catalogue and folders of templates write it: `python`, `rust`."""

    @property
    def TITLE(self) -> str:  # noqa: N802 - as above
        """As messages write it."""

    @property
    def SUFFIX(self) -> str:  # noqa: N802 - as above
        """How the names of files with code end."""

    @property
    def LOCAL(self) -> frozenset[str]:  # noqa: N802 - as above
        """Directories that its tools make, and that hold no work of the user's."""

    @property
    def FOREIGN(self) -> re.Pattern[str]:  # noqa: N802 - as above
        """Matches a line by which packages come from elsewhere than the usual registry."""

    def name_problem(self, name: str, taken: Iterable[str]) -> str:
        """Return why a service cannot be called `name`, or an empty text.

        `taken` are names of modules and packages, and dependencies as a manifest writes them.
        """

    def place_note(self, service: Path) -> str:
        """Return what lies around a new service that its tools care about, or an empty text."""

    def test_modules(self, paths: Iterable[str]) -> list[str]:
        """Return the modules among a template's files whose names a service cannot have, either."""

    def module_of(self, path: str) -> str:
        """Return the name by which other code of a service imports the file at `path`."""

    def spellings(self, module: str) -> list[str]:
        """Return how texts that are no code write the name of a module of this language.

        Nothing for the name of any other one, and for one that is a word like others.
        """

    def read(self, content: bytes, path: str) -> Code | None:
        """Read a file of code, and never run it; None if it is not valid."""

    def texts(self, content: bytes) -> Iterable[Text]:
        """Return the texts in a file of code, and never run it; nothing if it is not valid."""

    def dependency_problem(self, text: str) -> str:
        """Return why no dependency in the catalogue is written so, or an empty text."""

    def manifest_problem(self, content: bytes) -> str:
        """Return why a manifest is not valid, or an empty text."""

    def requirements(self, tree: Tree) -> list[str]:
        """Return all that a service's manifest has installed: to run it, and to work on it."""

    def is_lock(self, content: bytes) -> bool:
        """Tell whether a lock file has versions, and is not just the template's to start with."""

    def is_current(self, manifest: bytes, locked: bytes) -> bool:
        """Tell whether a lock file was made from a manifest with the same requirements."""

    def lock(
        self,
        manifest: bytes,
        files: Mapping[str, str],
        locked: Mapping[str, bytes],
        *,
        upgrade: bool,
    ) -> dict[str, bytes]:
        """Return the files that lock what a manifest names, by path, with versions and hashes.

        `files` are the paths by purpose, as language.yml has them. Versions in `locked` stay where
        they still fit, unless `upgrade` is true. Asks the package registry that the user's tools
        are set up for, and runs no code of a package. Raise NotLockedError if it cannot be done.
        """

    def tools(self, manifest: bytes | None) -> Iterable[Tool]:
        """Return the programs that work on a service needs, as they are on this machine.

        `manifest` says which versions; without one, those for new services.
        """

    def installed_problem(self, service: Path) -> str:
        """Return why what is installed in a service's directory is of no use, or an empty text.

        Nothing in the directory is run.
        """

    def make_environment(self, directory: Path, requirements: Iterable[str]) -> None:
        """Install these where `directory` names; raise CalledProcessError if that fails."""

    def environment_key(self, service: Path, files: Mapping[str, str]) -> str:
        """Return what an environment for the service in `service` depends on.

        Services for which it is the same can share one. `files` are as for `lock`.
        """

    def installation(
        self, directory: Path, service: Path, files: Mapping[str, str]
    ) -> Iterable[Command]:
        """Return the commands that install what a service has locked, or names if it has no lock.

        They make the environment `directory`, or complete it. Raise NotFoundError if a tool that
        they need is not there.
        """

    def is_unreachable(self, said: str) -> bool:
        """Tell whether an installation failed because no registry answered, from what it said."""

    def environment_problem(self, directory: Path) -> str:
        """Return why a directory is no such environment, or an empty text."""

    def variables(self, directory: Path) -> dict[str, str]:
        """Return the variables with which the tools of a service find the environment."""

    def word_problem(self, word: str) -> str:
        """Return why code cannot call something `word`, or an empty text."""

    def wired(self, files: Mapping[str, str], wiring: Wiring) -> dict[str, str]:
        """Return files of the user's with a resource made known in them; the rest as it was.

        They are named by their roles, as `resource` in language.yml has them. What is there
        already stays. Raise WiringError for a file that cannot be edited safely.
        """
