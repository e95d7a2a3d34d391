"""The catalogue of causes: the name of each, what it reads, and the function that finds it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from scaffolder.diagnose.evidence.phase import Phase

from .evidence import Evidence

if TYPE_CHECKING:
    from scaffolder.diagnose.case import Case

PATTERNS = {
    "image": "check-program-file",
    "process": "check-status-and-logs",
    "environment": "pattern-environment",
    "permissions": "check-program-file",
    "memory": "pattern-memory",
    "network": "pattern-network",
    "dependencies": "pattern-dependencies",
    "healthcheck": "check-status-and-logs",
}
"""What a fault can be in → the heading of the runbook that most of its causes point to."""
FACTORS = (
    "init", "writable", "root", "capabilities", "seccomp", "security", "memory", "processes",
    "input", "variable", "mount", "ulimit", "file", "workdir", "space", "left-over",
    "heap", "value", "line-endings", "time-zone", "locale", "name", "other-value", "shm", "cpus",
    "elsewhere", "ordinary-user", "host-name", "byte-order-mark", "mode", "swapped",
    "php-environment", "php-basedir", "php-memory", "as-built", "sysctl", "key",
    "utf-8", "time", "argument",
)  # fmt: skip
"""What can be changed in a copy of a container; `verdict.factors` defines how."""
SOURCES = ("inspect", "events", "logs", "files", "changes", "live", "neighbours", "kernel", "rerun")

MODULES = (
    "pods.scheduling", "pods.images", "pods.configuration", "pods.starting", "pods.probes",
    "pods.ending", "pods.kills", "own.settings", "own.supervisor", "start.search_path",
    "start.commands", "start.paths", "files.formats", "files.interpreters", "files.modes",
    "files.key_pairs", "files.pems", "files.pointers", "files.kept_out", "files.named",
    "files.keystores", "files.passphrases", "silence.logs", "silence.unheard", "silence.python",
    "silence.held", "silence.input", "silence.daemons", "silence.endings", "silence.init_systems",
    "silence.go_booleans", "silence.arguments", "loader.missing", "loader.versions",
    "identity.users", "identity.journals", "identity.seccomp", "identity.temporary",
    "identity.kernel_settings", "identity.read_only", "identity.low_ports", "identity.capabilities",
    "identity.names", "identity.accounts", "identity.access", "identity.refused", "mounts.binds",
    "mounts.networks", "mounts.host", "mounts.volumes", "mounts.shared", "mounts.swapped",
    "mounts.replaced", "mounts.remainder", "mounts.emptied", "memory.out_of_memory",
    "memory.kernel", "memory.counts", "memory.space", "memory.quotas", "signals.crashes",
    "signals.ignored_children", "signals.uncommon", "signals.stops", "signals.kills",
    "signals.time_limits", "health.stopping", "health.crons", "health.nothing", "health.commands",
    "health.proxies", "health.methods", "health.hosts", "health.targets", "health.answers",
    "health.replies", "listening.workers", "listening.loops", "listening.addresses",
    "listening.processes", "listening.ports", "listening.picked", "listening.ports_as_paths",
    "listening.workerless", "reaching.overridden", "reaching.unanswered", "reaching.connections",
    "reaching.addresses", "reaching.credentials", "reaching.answers", "reaching.awaited",
    "reaching.replicas", "reaching.proxies", "reaching.certificates", "reaching.isolated",
    "variables.called_otherwise", "variables.missing", "variables.values", "variables.homes",
    "variables.files", "variables.counts", "variables.misspelled", "variables.unencoded",
    "variables.malformed", "variables.line_endings", "variables.workdir", "variables.locales",
    "variables.links", "variables.service_links", "data", "files.leases", "files.encodings",
    "files.databases", "files.damaged", "files.disliked", "python.modules", "python.interpreter",
    "python.applications", "python.unserved", "python.shadows", "python.daemons", "node.modules",
    "node.unsettled", "node.runtime", "node.guards", "java.heap", "java.classes", "java.options",
    "java.logs", "java.usage", "java.tasks", "java.daemons", "java.resources", "java.providers",
    "java.application", "perl", "ruby", "php", "php_settings", "kept", "native", "built",
    "shells.quotes", "shells.swallowed", "shells.programs", "shells.commands", "shells.dialects",
    "shells.guards", "shells.limits", "shells.errexit", "shells.pipes", "shells.endings",
    "shells.unasked", "shells.waiting", "shells.any_child", "shells.emptied", "shells.branches",
    "shells.expansion", "shells.substituted", "watched.beside", "watched.nothing_done",
    "watched.started", "watched.programs", "watched.stopped", "watched.places", "watched.paths",
    "watched.polls", "watched.deadlocks", "watched.last_thread", "watched.lost_threads",
    "watched.lost_children", "watched.failing_children", "watched.waits", "watched.last",
    "watched.reads", "errors",
)  # fmt: skip
"""The modules of `causes`, family by family, in the order of the search.

Of two causes that nothing else orders, the earlier one is reported first: how a container is
started, where its output went, what it lacks, what it reaches; then what its language reports.
"""


class Basis(IntEnum):
    """What the finding of a cause rests on, the best first."""

    NAMED = 0
    """Docker, the kernel, the runtime or the program names it (loud)."""
    INFERRED = 1
    """Nothing names it: files, settings or processes show it (silent)."""
    HINT = 2
    """It usually follows from something else, or is one possibility among others."""
    QUOTED = 3
    """It repeats the program's own words, or how it ended, and explains nothing."""


@dataclass(frozen=True)
class Found:
    """A cause that was found in a case."""

    text: str
    fix: str
    evidence: tuple[Evidence, ...]
    commands: tuple[str, ...] = ()
    proven: bool = False
    basis: Basis | None = None
    """What it rests on here, where that differs from what is usual for the cause."""


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
    basis: Basis
    explains: frozenset[str]
    cured_by: frozenset[str]
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
    reads: Sequence[str] = ("logs",),
    page: str = "",
    when: Phase = Phase.DIED,
    basis: Basis = Basis.NAMED,
    explains: Sequence[str] = (),
    cured_by: Sequence[str] = (),
    module: str = "",
) -> Callable[[Finder], Finder]:
    """Declare a function that finds a cause: what it reads, and in which phases to call it.

    `page` is a heading of the runbook, by default that of the pattern. `explains` names causes
    that are found where this one is, and follow from it: it comes before them. `cured_by` names
    the factors with which a copy does not fail if this is the cause; such a copy proves it.
    `module` is by default that of the function.
    """
    unknown = [name for name in (pattern,) if name not in PATTERNS]
    unknown += [source for source in reads if source not in SOURCES]
    unknown += [name for name in cured_by if name.partition(" ")[0] not in FACTORS]
    if unknown or identity in _known:
        raise ValueError(f"cause {identity}: {unknown or 'declared twice'}")

    def declare(find: Finder) -> Finder:
        home = (module or find.__module__).removeprefix(f"{__package__}.")
        _known[identity] = Cause(
            identity, home, pattern, title, tuple(reads), page or PATTERNS[pattern], when, basis,
            frozenset(explains), frozenset(cured_by), find,
        )  # fmt: skip
        return find

    return declare


def causes() -> Iterable[Cause]:
    """Return every cause, in the order of the modules."""
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    return sorted(_known.values(), key=lambda known: MODULES.index(known.module))


@cache
def explained_by(identity: str) -> frozenset[str]:
    """Return the causes that a cause explains, directly or through others.

    Raises ValueError if it would explain itself.
    """
    known = {cause.id: cause for cause in causes()}
    found: set[str] = set()
    left = list(known[identity].explains)
    while left:
        name = left.pop()
        if name == identity:
            raise ValueError(f"cause {identity} explains itself")
        if name not in found:
            found.add(name)
            left += known[name].explains
    return frozenset(found)
