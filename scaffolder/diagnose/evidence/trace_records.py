"""What the tracer wrote, read: lines that anybody may have forged (tracer/README.md)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from posixpath import join, normpath

from scaffolder.text import printable, reason

from .trace import Call, Signal, Trace, Traced

NUMBERED = {
    f"call-{number}": name
    for number, name in {
        428: "open_tree", 429: "move_mount", 430: "fsopen", 431: "fsconfig", 432: "fsmount",
        433: "fspick", 438: "pidfd_getfd", 442: "mount_setattr", 444: "landlock_create_ruleset",
        446: "landlock_restrict_self", 447: "memfd_secret", 452: "fchmodat2",
    }.items()
}  # fmt: skip
"""Calls that the tracer has no names for; since 424, all processors have the same numbers."""
RETURNS = "rt_sigreturn"
"""What ends a signal's handler: its result is that of the call which the signal interrupted."""
LONGEST = 500
MOST_RECORDS = 60_000


def read(text: str) -> Trace:
    """Read the records; what is cut or makes no sense is left out: anybody may have written it."""
    found = _Reading()
    for line in text.splitlines()[-MOST_RECORDS:]:
        row = line.split("\t")
        try:
            found.add(row[0], int(row[1]), row)
        except (ValueError, IndexError, OverflowError, StopIteration):
            continue
    return Trace(
        tuple(found.calls),
        found.processes,
        tuple(found.signals),
        tuple(found.waits),
        found.timed_out,
        found.obstacle,
        tuple(found.interrupted),
    )


@dataclass
class _Reading:
    """What is read so far."""

    calls: list[Call] = field(default_factory=list)
    processes: dict[int, Traced] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    waits: list[Call] = field(default_factory=list)
    interrupted: list[Call] = field(default_factory=list)
    timed_out: bool = False
    obstacle: str = ""

    def add(self, kind: str, at: int, row: Sequence[str]) -> None:
        """Add a record; raise ValueError, or IndexError, if it makes no sense."""
        match kind:
            case "E":
                self.obstacle = f"{_plain(row[2])}: {reason(int(row[3]))}"
            case "T":
                self.timed_out = True
            case "C":
                self.calls.append(_call(at, row))
            case "R":
                _repeat(self.calls, int(row[3]), int(row[4]))
            case "W":
                self.waits.append(replace(_call(at, row), error=0, waited=int(row[5])))
            case "I":
                self.interrupted.append(replace(_call(at, row), error=0, waited=int(row[5])))
            case "S":
                self.signals.append(_signal(at, row))
            case "P" | "N" | "L" | "K" | "A" | "B" | "X":
                self._note(kind, at, int(row[2]), row[3:])

    def _note(self, kind: str, at: int, number: int, rest: Sequence[str]) -> None:
        known = self.processes.get(number) or Traced(number)
        parent = self.processes.get(int(rest[0])) if kind == "N" else None
        if parent:  # until it executes another one, it runs the same program
            known = replace(known, program=parent.program, argv=parent.argv)
        self.processes[number] = _noted(known, kind, at, rest)


def _noted(known: Traced, kind: str, at: int, rest: Sequence[str]) -> Traced:
    match kind:
        case "P":
            argv = tuple(_plain(word) for word in rest[1].removesuffix("\\x00").split("\\x00"))
            return replace(known, program=_plain(rest[0]), argv=argv)
        case "N":
            return replace(known, parent=int(rest[0]), began=at)
        case "L":
            return replace(known, last=tuple(map(_plain, rest)))
        case "K":
            entry, *stack = (int(address, 16) for address in rest)
            return replace(known, entry=entry, stack=tuple(stack))
        case "A" | "B":
            words = tuple(int(address, 16) for address in rest)
            return replace(known, words=words) if kind == "A" else replace(known, below=words)
    return replace(known, ended=at, status=int(rest[0]), signal=int(rest[1]))


def _signal(at: int, row: Sequence[str]) -> Signal:
    return Signal(
        at, int(row[2]), int(row[3]), int(row[5]), row[6:7] in (["1"], ["2"]), row[6:7] == ["2"]
    )


def _repeat(calls: list[Call], thread: int, times: int) -> None:
    at = next(i for i in reversed(range(len(calls))) if calls[i].thread == thread)
    calls[at] = replace(calls[at], times=1 + times)


def _call(at: int, row: Sequence[str]) -> Call:
    name = NUMBERED.get(row[4], _plain(row[4]))
    result = 0 if name == RETURNS else int(row[5])
    found = Call(at, int(row[2]), int(row[3]), name, -result if result < 0 else 0)
    numbers: list[int] = []
    for key, value in _fields(row[6:]):
        if key == "p":
            found = _with_path(found, value)
        elif key == "d" and found.other:
            found = replace(found, other=_normal(join(_plain(value), found.other)))
        elif key == "d":
            found = replace(found, path=_normal(join(_plain(value), found.given)))
        elif key == "f" and found.descriptor < 0:
            number, _, what = value.partition(":")
            found = replace(found, descriptor=int(number), object=_plain(what))
        elif key == "a":
            found = _with_address(found, value)
            if found.name == "bind" and found.address.startswith("/"):
                found = replace(found, path=_normal(found.address))  # it makes that
        elif key == "n":
            found = replace(found, host=_plain(value))
        elif key in ("i", "x"):
            numbers.append(_signed(int(value, 16 if key == "x" else 10)))
    return replace(found, numbers=tuple(numbers))


def _fields(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, mark, value = part.partition("=")
        if mark:
            yield name, value[:LONGEST]


def _with_path(found: Call, value: str) -> Call:
    path = _plain(value)
    # What a link leads to is only a text: it need not be there, and nobody looks for it.
    if found.given and not found.name.startswith("symlink"):
        return replace(found, other=_normal(path) if path else "")
    return replace(found, given=path, path=_normal(path) if path else "")


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


def _normal(path: str) -> str:
    """Return a path in its shortest form; two slashes at its beginning are one to Linux."""
    found = normpath(path)
    return found[1:] if found.startswith("//") else found
