"""The catalogue of causes: what each is called, what it reads, and the function that finds it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from .evidence import Evidence
from .phase import Phase

if TYPE_CHECKING:
    from .case import Case

PATTERNS = (
    "image", "process", "environment", "permissions", "memory", "network", "dependencies",
    "healthcheck",
)  # fmt: skip
SOURCES = ("inspect", "events", "logs", "files", "changes", "live", "neighbours", "kernel")

MODULES = (
    "own.settings", "own.supervisor",
    "start.commands", "start.paths",
    "files.formats", "files.interpreters", "files.modes",
    "loader.missing", "loader.versions",
    "identity.users", "identity.read_only", "identity.capabilities", "identity.access",
    "mounts.binds", "mounts.networks", "mounts.host", "mounts.volumes", "mounts.remainder",
    "memory.out_of_memory", "memory.counts", "memory.space", "memory.quotas",
    "signals.crashes", "signals.uncommon", "signals.stops",
    "health.commands", "health.targets", "health.answers",
    "listening.addresses", "listening.processes", "listening.ports",
    "reaching.connections", "reaching.addresses", "reaching.credentials",
    "variables.missing", "variables.values", "variables.files", "variables.workdir",
    "variables.locales",
    "errors",
    "python.modules", "python.interpreter", "python.applications",
    "node.modules", "node.runtime",
    "java.heap", "java.classes", "java.options", "java.application",
    "native",
    "shells.quotes", "shells.programs", "shells.dialects", "shells.guards", "shells.errexit",
    "shells.endings",
    "silence.logs", "silence.python", "silence.input", "silence.daemons", "silence.endings",
)  # fmt: skip
"""The modules of `causes`, family by family, in the order in which they are looked through."""


@dataclass(frozen=True)
class Found:
    """A cause that was found in a case."""

    text: str
    fix: str
    evidence: tuple[Evidence, ...]
    commands: tuple[str, ...] = ()
    proven: bool = False
    weight: int | None = None
    """How much it explains, instead of what is usual for the cause."""


Finder = Callable[["Case"], "Found | None"]


@dataclass(frozen=True)
class Cause:
    """A cause that can be found."""

    id: str
    module: str
    pattern: str
    title: str
    reads: tuple[str, ...]
    page: str
    when: Phase
    weight: int
    find: Finder

    @property
    def family(self) -> str:
        """The part of `causes` that it belongs to."""
        return self.module.partition(".")[0]


_known: dict[str, Cause] = {}


def cause(  # noqa: PLR0913 - what a cause declares
    identity: str,
    title: str,
    *,
    pattern: str,
    reads: Sequence[str],
    page: str,
    when: Phase = Phase.DIED,
    weight: int = 50,
) -> Callable[[Finder], Finder]:
    """Declare a function that finds a cause: what it reads, and when it is worth calling.

    `page` is a heading of the runbook. Of the causes that are found, one that is proven comes
    first, then the one with the greatest weight: what explains most, specifically.
    """
    unknown = [pattern for pattern in (pattern,) if pattern not in PATTERNS]
    unknown += [source for source in reads if source not in SOURCES]
    if unknown or identity in _known:
        raise ValueError(f"cause {identity}: {unknown or 'declared twice'}")

    def declare(find: Finder) -> Finder:
        module = find.__module__.removeprefix(f"{__package__}.causes.")
        _known[identity] = Cause(
            identity, module, pattern, title, tuple(reads), page, when, weight, find
        )
        return find

    return declare


def causes() -> Iterable[Cause]:
    """Return every cause, in the order of the modules."""
    for module in MODULES:
        import_module(f"{__package__}.causes.{module}")
    return sorted(_known.values(), key=lambda known: MODULES.index(known.module))
