"""What every language says of a service that is to be adopted, and which language that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, Self, cast

from scaffolder.languages.all import NAMES
from scaffolder.languages.base import Tree

from .choices import Choices
from .sources import Sources

HOME = "."
"""In places: the directory of all files of the template that have no other place."""
RENAME = "the same command with --name NAME"


@dataclass(frozen=True)
class Fitted:
    """What adoption writes, by path, and where the template's files are from then on."""

    files: dict[str, tuple[str, bytes] | None]
    """None takes one of theirs away."""
    places: dict[str, str]
    """Path in the template → path in the service; an empty text where theirs stays alone."""
    kept: list[str] = field(default_factory=list)
    """Files of theirs for which the template has one, too."""


class Existing(Protocol):
    """A service as it stands there: found by reading, and never run."""

    @property
    def language(self) -> str:
        """The language that it is written in."""

    @property
    def entries(self) -> Sequence[str]:
        """All that it could be started by, as `--app` takes it; the most likely first."""

    @property
    def entry(self) -> str:
        """The one that it is; empty where several could be."""

    @property
    def asks(self) -> Sequence[tuple[str, str]]:
        """Files of theirs of which has to be said what becomes of them: the flag, and the file."""

    @property
    def is_apart(self) -> bool:
        """Tell whether all that comes has a directory of its own, and nothing gives way."""

    @property
    def limits(self) -> Sequence[str]:
        """What is different for clients when the runtime starts the service."""

    def lines(self) -> Iterator[str]:
        """Yield what was found, and where, for people."""

    def with_entry(self, words: str) -> Self | None:
        """Return it with an entry that was said; None if there is no such thing."""

    def install(self, command: str) -> str:
        """Return how to install what it needs, which is by this command otherwise."""

    def run(self, command: str, name: str) -> str:
        """Return how to start it under this name, which is by this command otherwise."""

    def require_entries(self) -> None:
        """Raise RefusedError if there is nothing that it could be started by."""

    def require_runnable(self) -> None:
        """Raise RefusedError if the runtime cannot start its entry."""

    def name(self) -> str:
        """Return what to call the service."""

    def require_name(self, name: str) -> None:
        """Raise UsageError if it cannot be called so."""

    def fitted(self, render: Tree, choices: Choices, package: str) -> Fitted:
        """Return what a render becomes beside it; raise RefusedError if there is no room."""


class _Looks(Protocol):
    @property
    def TOLD_BY(self) -> Sequence[str]:  # noqa: N802 - a constant of the module
        """Files by which the language is known."""

    def look(self, sources: Sources) -> Existing:
        """Look at a directory in which there is one of these."""


def look(sources: Sources) -> Existing:
    """Look at a directory; raise RefusedError where it is no service that can be adopted."""
    languages = [cast("_Looks", import_module(f"{__package__}.{name}.existing")) for name in NAMES]
    told = [language for language in languages if sources.named(language.TOLD_BY)]
    first = (told or languages)[0].look(sources)
    # A manifest may be there for tools alone, of a service in another language.
    others = (language.look(sources) for language in ([] if first.entries else told[1:]))
    return next((service for service in others if service.entries), first)
