"""What the tracer saw of a program: calls, processes and how they ended (tracer/README.md)."""

import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv6Address
from posixpath import basename, join, normpath

from scaffolder.text import printable

CREATES, EXCLUSIVE = 0o100, 0o200
"""Flags of open(2), the same on all processors."""
LONGEST = 500
MOST_RECORDS = 60_000


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
    def is_relative(self) -> bool:
        """Tell whether the path starts from the working directory, or from another one."""
        return bool(self.given) and not self.given.startswith("/")

    @property
    def creates(self) -> bool:
        """Tell whether it makes the file if there is none."""
        return self.name == "creat" or (self.name.startswith("open") and bool(self._mode & CREATES))

    @property
    def insists(self) -> bool:
        """Tell whether the file must not be there before."""
        return self.creates and bool(self._mode & EXCLUSIVE)

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
        return os.strerror(self.error).lower()

    @property
    def words(self) -> str:
        """The call and its result, for a person."""
        about = self.given or self.host or self.where or self.object
        many = f", {self.times} times" if self.times > 1 else ""
        result = self.reason if self.error else "done"
        return f"{self.name}({about and repr(about)}): {result}{many}"

    @property
    def waiting(self) -> str:
        """The call that has not returned, for a person."""
        about = self.given or self.where or self.object
        return f"{self.name}({about and repr(about)}) for {self.waited / 1000:.1f} s"

    @property
    def where(self) -> str:
        """The address, for a person."""
        if not self.port:
            return self.address
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )


@dataclass(frozen=True)
class Signal:
    """A signal that was delivered; `sender` is a process, 0 where it was the kernel or outside."""

    process: int
    number: int
    sender: int


@dataclass(frozen=True)
class Traced:
    """A process: what it runs, and how it ended."""

    number: int
    parent: int = 0
    argv: tuple[str, ...] = ()
    program: str = ""
    ended: int | None = None
    """When it ended, in milliseconds; None if it did not."""
    status: int = 0
    signal: int = 0
    last: tuple[str, ...] = ()
    """Its last calls with their results, whether they failed or not."""

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


def read(text: str) -> Trace:
    """Read the records; what is cut or makes no sense is left out: anybody may have written it."""
    rows = [line.split("\t") for line in text.splitlines()[-MOST_RECORDS:]]
    calls: list[Call] = []
    processes: dict[int, Traced] = {}
    signals: list[Signal] = []
    waits: list[Call] = []
    obstacle, timed_out = "", False
    for row in rows:
        try:
            kind, at = row[0], int(row[1])
            if kind == "E":
                obstacle = f"{_plain(row[2])}: {os.strerror(int(row[3])).lower()}"
            elif kind == "T":
                timed_out = True
            elif kind == "C":
                calls.append(_call(at, row))
            elif kind == "R":
                _repeat(calls, int(row[3]), int(row[4]))
            elif kind == "W":
                waits.append(replace(_call(at, row), error=0, waited=int(row[5])))
            elif kind == "S":
                signals.append(Signal(int(row[2]), int(row[3]), int(row[5])))
            elif kind in ("P", "N", "L", "X"):
                number = int(row[2])
                known = processes.get(number) or Traced(number)
                processes[number] = _noted(known, kind, at, row[3:])
        except (ValueError, IndexError, OverflowError):
            continue
    return Trace(tuple(calls), processes, tuple(signals), tuple(waits), timed_out, obstacle)


def _noted(known: Traced, kind: str, at: int, rest: Sequence[str]) -> Traced:
    match kind:
        case "P":
            argv = tuple(_plain(word) for word in rest[1].removesuffix("\\x00").split("\\x00"))
            return replace(known, program=_plain(rest[0]), argv=argv)
        case "N":
            return replace(known, parent=int(rest[0]))
        case "L":
            return replace(known, last=tuple(map(_plain, rest)))
    return replace(known, ended=at, status=int(rest[0]), signal=int(rest[1]))


def _repeat(calls: list[Call], thread: int, times: int) -> None:
    at = next(i for i in reversed(range(len(calls))) if calls[i].thread == thread)
    calls[at] = replace(calls[at], times=1 + times)


def _call(at: int, row: Sequence[str]) -> Call:
    result = int(row[5])
    found = Call(at, int(row[2]), int(row[3]), _plain(row[4]), -result if result < 0 else 0)
    numbers: list[int] = []
    for name, value in _fields(row[6:]):
        if name == "p":
            found = _with_path(found, value)
        elif name == "d" and found.other:
            found = replace(found, other=normpath(join(_plain(value), found.other)))
        elif name == "d":
            found = replace(found, path=normpath(join(_plain(value), found.given)))
        elif name == "f" and found.descriptor < 0:
            number, _, what = value.partition(":")
            found = replace(found, descriptor=int(number), object=_plain(what))
        elif name == "a":
            found = _with_address(found, value)
        elif name == "n":
            found = replace(found, host=_plain(value))
        elif name in ("i", "x"):
            numbers.append(_signed(int(value, 16 if name == "x" else 10)))
    return replace(found, numbers=tuple(numbers))


def _fields(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, mark, value = part.partition("=")
        if mark:
            yield name, value[:LONGEST]


def _with_path(found: Call, value: str) -> Call:
    path = _plain(value)
    if found.given:
        return replace(found, other=normpath(path) if path else "")
    return replace(found, given=path, path=normpath(path) if path else "")


def _with_address(found: Call, value: str) -> Call:
    family, _, rest = value.partition(":")
    if family not in ("inet", "inet6"):
        return replace(found, address=_plain(rest))
    host, _, port = rest.rpartition(":")
    if family == "inet6":
        address = IPv6Address(host)
        host = str(address.ipv4_mapped or address)
    return replace(found, address=_plain(host), port=int(port))


def _signed(number: int) -> int:
    """Return a 32-bit number as the kernel takes it: programs leave the upper half as it is."""
    low = number & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _plain(text: str) -> str:
    """Return a string of the program as text, fit to be shown."""
    spelled = re.sub(r"\\x([0-9a-f]{2})", lambda byte: chr(int(byte[1], 16)), text[:LONGEST])
    return printable(spelled.encode("latin-1", "replace").decode("utf-8", "surrogateescape"))
