"""What the tracer saw of a program: calls, processes and how they ended (tracer/README.md)."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import basename, normpath

from scaffolder.text import reason

CREATES, EXCLUSIVE = 0o100, 0o200
"""Flags of open(2), the same on all processors."""
DIRECTORY = 0o240000
"""O_DIRECTORY of amd64 and of arm64. Each is O_DIRECT on the other, which only databases use."""


@dataclass(frozen=True)
class Call:
    """A system call that failed, or one that others are compared with; a path is absolute."""

    at: int
    process: int
    thread: int
    name: str
    error: int = 0
    """The errno; 0 where it succeeded."""
    given: str = ""
    """The path as the program gave it."""
    path: str = ""
    other: str = ""
    """The second path, of a rename or a link."""
    descriptor: int = -1
    object: str = ""
    """What the descriptor is: a path, or such as `pipe:[7]`."""
    address: str = ""
    port: int = 0
    host: str = ""
    """A name that was looked up."""
    numbers: tuple[int, ...] = ()
    times: int = 1
    waited: int = 0
    """For how many milliseconds it has not returned."""

    @property
    def base(self) -> str:
        """The directory that a relative path starts from."""
        return self.path.removesuffix(normpath(self.given)).rstrip("/") or "/"

    @property
    def stem(self) -> str:
        """The name without the dot of a hidden file, and without its endings."""
        return basename(self.path).lstrip(".").partition(".")[0]

    @property
    def is_relative(self) -> bool:
        """Tell whether the path starts from the working directory, or from another one."""
        return bool(self.given) and not self.given.startswith("/")

    @property
    def creates(self) -> bool:
        """Tell whether it makes the file if there is none."""
        return self.name == "creat" or (self.name.startswith("open") and bool(self._mode & CREATES))

    @property
    def makes(self) -> bool:
        """Tell whether it makes what is at its path, and needs but the directory around."""
        is_socket = self.name == "bind" and bool(self.path)
        return self.creates or is_socket or self.name.startswith(("mkdir", "mknod"))

    @property
    def lists(self) -> bool:
        """Tell whether it opens a directory, and nothing else."""
        return self.name.startswith("open") and bool(self._mode & DIRECTORY)

    @property
    def insists(self) -> bool:
        """Tell whether the file must not be there before."""
        return self.creates and bool(self._mode & EXCLUSIVE)

    @property
    def made(self) -> str:
        """The path that it makes: of a link, the second one."""
        return self.other or self.path

    @property
    def may_find(self) -> bool:
        """Tell whether it fares otherwise where a file is left over from before."""
        asked = self.error == errno.ENOENT and not self.creates
        return asked or self.insists or self.name in ("mkdir", "mkdirat", "flock", "bind")

    @property
    def writes(self) -> bool:
        """Tell whether it opens the file to write."""
        return self.name == "creat" or (self.name.startswith("open") and bool(self._mode & 3))

    @property
    def _mode(self) -> int:
        return self.numbers[0] if self.numbers else 0

    @property
    def reason(self) -> str:
        """The error in words."""
        return reason(self.error)

    @property
    def words(self) -> str:
        """The call and its result, for a person."""
        about = self.given or self.host or self.where or self.object
        many = f", {self.times} times" if self.times > 1 else ""
        result = self.reason if self.error else "no answer" if self.host else "done"
        return f"{self.name}({about and repr(about)}): {result}{many}"

    @property
    def is_network(self) -> bool:
        """Tell whether it reaches out: an isolated copy cannot, whatever the container could."""
        return bool(self.host or self.port) and self.name not in ("bind", "listen")

    @property
    def waiting(self) -> str:
        """The call that has not returned, for a person."""
        about = self.given or self.where or self.object
        return f"{self.name}({about and repr(about)}) for {self.waited / 1000:.1f} s"

    @property
    def where(self) -> str:
        """The address, for a person."""
        host = f"[{self.address}]" if ":" in self.address and self.port else self.address
        return f"{host}:{self.port}" if self.port else host


@dataclass(frozen=True)
class Signal:
    """A signal that was delivered; `sender` is a process, 0 where it was the kernel or outside."""

    at: int
    process: int
    number: int
    sender: int
    out_of_stack: bool = False
    """It is SIGSEGV, because the stack was used up."""
    of_thread: bool = False
    """That stack is one of another thread than the first one."""


@dataclass(frozen=True)
class Traced:
    """A process: what it runs, and how it ended."""

    number: int
    parent: int = 0
    argv: tuple[str, ...] = ()
    program: str = ""
    began: int = 0
    """When another one made it, in milliseconds."""
    ended: int | None = None
    """When it ended, in milliseconds; None if it did not."""
    status: int = 0
    signal: int = 0
    last: tuple[str, ...] = ()
    """Its last calls with their results, whether they failed or not."""
    entry: int = 0
    """The address at which its program began."""
    stack: tuple[int, ...] = ()
    """The return addresses on its stack when it ended itself, as far as it has frame pointers."""
    words: tuple[int, ...] = ()
    """What else there points into its code: return addresses, and what calls before have left."""
    below: tuple[int, ...] = ()
    """What calls before have left below it, of a program that ends as Rust does after a panic."""

    @property
    def name(self) -> str:
        """The program's name, for a sentence."""
        return basename(self.program) or (self.argv[0] if self.argv else f"process {self.number}")

    @property
    def failed(self) -> bool:
        """Tell whether it ended with a failure."""
        return self.ended is not None and bool(self.status or self.signal)


@dataclass(frozen=True)
class Trace:
    """Everything that the tracer recorded, in the order in which it happened."""

    calls: tuple[Call, ...] = ()
    processes: Mapping[int, Traced] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    waits: tuple[Call, ...] = ()
    timed_out: bool = False
    obstacle: str = ""
    """Why it could not watch; empty if it could."""
    interrupted: tuple[Call, ...] = ()
    """What was waited for until a signal came."""

    @cached_property
    def first(self) -> Traced | None:
        """The process that the container consists of."""
        known = self.processes.values()
        return next((p for p in known if p.parent not in self.processes), None)

    def children(self, number: int) -> list[Traced]:
        """Return the processes that a process started, in the order of their ends."""
        found = [p for p in self.processes.values() if p.parent == number]
        return sorted(found, key=lambda p: (p.ended is None, p.ended or 0))

    def of(self, number: int) -> list[Call]:
        """Return the calls of a process, the oldest first."""
        return [call for call in self.calls if call.process == number]
