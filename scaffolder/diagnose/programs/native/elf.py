"""Native programs: what an ELF file says about itself, read within bounds whatever it claims.

Layouts are those of elf(5) and, for versions, of the Linux Standard Base's "Symbol Versioning".
"""

import struct
from dataclasses import dataclass, field
from typing import Any

from .elf_symbols import Reader, main_size
from .elf_tables import (
    MOST_TAGS,
    PT_DYNAMIC,
    PT_INTERP,
    PT_LOAD,
    Segment,
    segments_of,
    tags_of,
)

MAGIC = b"\x7fELF"
HEADER = 64
MOST_NAMES = 20_000

MACHINES = {
    3: "386", 8: "mips", 20: "ppc", 21: "ppc64le", 22: "s390x", 40: "arm", 62: "amd64",
    183: "arm64", 243: "riscv64", 258: "loong64",
}  # fmt: skip
ALIASES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i386": "386", "i686": "386"}
RUNS_TOO = {("amd64", "386"), ("arm64", "arm")}

DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_RPATH, DT_RUNPATH = 1, 5, 6, 15, 29
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF


@dataclass(frozen=True)
class Elf:
    """A native program or library."""

    machine: str
    kind: int
    """1: object file, 2 and 3: executable or library, 4: core dump."""
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    """RPATH and RUNPATH."""
    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Library → versions of its symbols that are needed."""
    imports: frozenset[str] = frozenset()
    is_cut: bool = False
    """The file is shorter than its own header says."""
    language: str = "c"
    main_size: int | None = None
    """Of a Rust program's `main`, in bytes; None if its symbols are stripped."""


def parse(data: bytes, size: int | None = None) -> Elf | None:
    """Read a program from its first bytes, of `size` in total; None if it is not ELF."""
    if len(data) < 20 or not data.startswith(MAGIC):
        return None
    reader = Reader(data)
    kind, machine = reader.unpack("HH", 16)
    name = MACHINES.get(machine, f"machine {machine}")
    try:
        segments = segments_of(reader)
        whole = size if size is not None else len(data)
        cut = any(s.kind == PT_LOAD and s.offset + s.size > whole for s in segments)
        return Elf(
            name, kind, _interpreter(reader, segments), is_cut=cut or (not segments and kind == 2),
            language=language(data), main_size=main_size(reader), **_dynamic(reader, segments),
        )  # fmt: skip
    except (struct.error, IndexError, OverflowError, ValueError):
        return Elf(name, kind, is_cut=True)


def segments(data: bytes) -> list[tuple[int, int, int]]:
    """Return what is loaded of a program: where it is in the file, its address, and its size."""
    try:
        found = segments_of(Reader(data)) if data.startswith(MAGIC) else []
    except (struct.error, IndexError):
        return []
    return [(s.offset, s.address, s.size) for s in found if s.kind == PT_LOAD]


def _interpreter(reader: Reader, segments: list[Segment]) -> str:
    return next((reader.text(s.offset) for s in segments if s.kind == PT_INTERP), "")


def _dynamic(reader: Reader, segments: list[Segment]) -> dict[str, Any]:
    dynamic = next((s for s in segments if s.kind == PT_DYNAMIC), None)
    if dynamic is None:
        return {}
    tags = tags_of(reader, dynamic)

    def offset(address: int) -> int:
        for s in segments:
            if s.kind == PT_LOAD and s.address <= address < s.address + s.size:
                return address - s.address + s.offset
        return -1

    values: dict[int, int] = {}
    for tag, value in tags:
        values.setdefault(tag, value)
    strings = offset(values.get(DT_STRTAB, -1))
    if strings < 0:
        return {}
    needed = tuple(reader.text(strings + value) for tag, value in tags if tag == DT_NEEDED)
    search = [reader.text(strings + v) for t, v in tags if t in (DT_RPATH, DT_RUNPATH)]
    return {
        "needed": tuple(name for name in needed if name),
        "search": tuple(part for text in search for part in text.split(":") if part),
        "versions": _versions(reader, offset(values.get(DT_VERNEED, -1)), values, strings),
        "imports": _imports(reader, offset(values.get(DT_SYMTAB, -1)), strings),
    }


def _versions(
    reader: Reader, at: int, values: dict[int, int], strings: int
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    left = MOST_NAMES
    for _ in range(min(values.get(DT_VERNEEDNUM, 0), MOST_TAGS) if at >= 0 else 0):
        _version, count, file, first, following = reader.unpack("HHIII", at)
        names, entry = [], at + first
        for _ in range(min(count, left)):
            left -= 1
            _hash, _flags, _other, name, step = reader.unpack("IHHII", entry)
            names.append(reader.text(strings + name))
            if not step:
                break
            entry += step
        found[reader.text(strings + file)] = tuple(names)
        if not following:
            break
        at += following
    return found


def _imports(reader: Reader, at: int, strings: int) -> frozenset[str]:
    """Read the names of symbols that others define; the symbol table precedes the strings."""
    width = 24 if reader.wide else 16
    count = min((strings - at) // width, MOST_NAMES) if 0 <= at < strings else 0
    names = set()
    for index in range(count):
        entry = at + index * width
        if reader.wide:
            name, _info, _other, section = reader.unpack("IBBH", entry)
        else:
            name, _value, _size, _info, _other, section = reader.unpack("IIIBBH", entry)
        if section == 0 and name:
            names.add(reader.text(strings + name))
    return frozenset(names)


def language(data: bytes) -> str:
    """Return what a program was written in, as far as its bytes tell."""
    if b"\xff Go buildinf:" in data:
        return "go"
    return "rust" if b"/rustc/" in data or b"RUST_BACKTRACE" in data else "c"


def runs_on(machine: str, architecture: str) -> bool:
    """Tell whether an architecture runs programs for a machine."""
    architecture = ALIASES.get(architecture, architecture)
    return machine == architecture or (architecture, machine) in RUNS_TOO
