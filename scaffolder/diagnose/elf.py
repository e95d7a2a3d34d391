"""Native programs: what an ELF file says of itself, read within bounds whatever it claims.

Layouts are those of elf(5) and, for versions, of the Linux Standard Base's "Symbol Versioning".
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"\x7fELF"
HEADER = 64
MOST_SEGMENTS = 256
MOST_TAGS = 2048
MOST_NAMES = 20_000
MOST_SYMBOLS = 200_000

MACHINES = {
    3: "386", 8: "mips", 20: "ppc", 21: "ppc64le", 22: "s390x", 40: "arm", 62: "amd64",
    183: "arm64", 243: "riscv64", 258: "loong64",
}  # fmt: skip
ALIASES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i386": "386", "i686": "386"}
RUNS_TOO = {("amd64", "386"), ("arm64", "arm")}

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_RPATH, DT_RUNPATH = 1, 5, 6, 15, 29
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
SHT_SYMTAB = 2


@dataclass(frozen=True)
class Elf:
    """A native program or library."""

    machine: str
    kind: int
    """1 an object file, 2 and 3 what can be run or loaded, 4 a core dump."""
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

    @property
    def is_static(self) -> bool:
        """Tell whether it needs no loader."""
        return not self.interpreter and not self.needed


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


class _Reader:
    """Reads numbers and texts at offsets of a file that may be wrong or too large."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.wide = data[4] == 2
        self.order = ">" if data[5] == 2 else "<"

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, self.data, offset)

    def text(self, offset: int) -> str:
        if offset < 0 or offset >= len(self.data):
            return ""
        end = self.data.find(b"\0", offset, offset + 4096)
        return self.data[offset : end if end >= 0 else offset].decode("utf-8", "replace")


def parse(data: bytes, size: int | None = None) -> Elf | None:
    """Read a program from its first bytes, `size` being that of all of it; None if it is no ELF."""
    if len(data) < 20 or not data.startswith(MAGIC):
        return None
    reader = _Reader(data)
    kind, machine = reader.unpack("HH", 16)
    name = MACHINES.get(machine, f"machine {machine}")
    try:
        segments = _segments(reader)
        whole = size if size is not None else len(data)
        cut = any(s.kind == PT_LOAD and s.offset + s.size > whole for s in segments)
        return Elf(
            name, kind, _interpreter(reader, segments), is_cut=cut or (not segments and kind == 2),
            language=_language(data), main_size=_main_size(reader), **_dynamic(reader, segments),
        )  # fmt: skip
    except (struct.error, IndexError, OverflowError, ValueError):
        return Elf(name, kind, is_cut=True)


def _segments(reader: _Reader) -> list[_Segment]:
    start, size, count = (
        (*reader.unpack("Q", 32), *reader.unpack("HH", 54))
        if reader.wide
        else (*reader.unpack("I", 28), *reader.unpack("HH", 42))
    )
    found = []
    for index in range(min(count, MOST_SEGMENTS)):
        at = start + index * size
        if reader.wide:
            kind, _flags, offset, address, _physical, length = reader.unpack("IIQQQQ", at)
        else:
            kind, offset, address, _physical, length = reader.unpack("IIIII", at)
        found.append(_Segment(kind, offset, address, length))
    return found


def _interpreter(reader: _Reader, segments: list[_Segment]) -> str:
    return next((reader.text(s.offset) for s in segments if s.kind == PT_INTERP), "")


def _dynamic(reader: _Reader, segments: list[_Segment]) -> dict[str, Any]:
    dynamic = next((s for s in segments if s.kind == PT_DYNAMIC), None)
    if dynamic is None:
        return {}
    tags = _tags(reader, dynamic)

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


def _tags(reader: _Reader, dynamic: _Segment) -> list[tuple[int, int]]:
    layout, width = ("qQ", 16) if reader.wide else ("iI", 8)
    found: list[tuple[int, int]] = []
    for index in range(min(dynamic.size // width, MOST_TAGS)):
        if dynamic.offset + (index + 1) * width > len(reader.data):
            break  # beyond what was read of a large file
        tag, value = reader.unpack(layout, dynamic.offset + index * width)
        if tag == 0:
            break
        found.append((tag & 0xFFFFFFFF, value))
    return found


def _versions(
    reader: _Reader, at: int, values: dict[int, int], strings: int
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for _ in range(min(values.get(DT_VERNEEDNUM, 0), MOST_TAGS) if at >= 0 else 0):
        _version, count, file, first, following = reader.unpack("HHIII", at)
        names, entry = [], at + first
        for _ in range(min(count, MOST_TAGS)):
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


def _imports(reader: _Reader, at: int, strings: int) -> frozenset[str]:
    """Read the names of symbols that others define; linkers put their table before the texts."""
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


def _language(data: bytes) -> str:
    if b"\xff Go buildinf:" in data:
        return "go"
    return "rust" if b"/rustc/" in data or b"RUST_BACKTRACE" in data else "c"


RUST_MAIN = re.compile(rb"_ZN\d+[A-Za-z0-9_]+4main17h[0-9a-f]{16}E$|^_RNv.*4main$")


def _main_size(reader: _Reader) -> int | None:
    """Return the size of a Rust program's own `main`, by its symbols."""
    if not reader.wide or b"4main17h" not in reader.data:
        return None
    start, size, count = (*reader.unpack("Q", 40), *reader.unpack("HH", 58))
    headers = [reader.unpack("IIQQQQIIQQ", start + i * size) for i in range(min(count, 512))]
    for header in headers:
        if header[1] != SHT_SYMTAB or header[6] >= len(headers):
            continue
        offset, length, strings = header[4], header[5], headers[header[6]][4]
        for index in range(min(length // 24, MOST_SYMBOLS)):
            name, info, _other, _section, _value, extent = reader.unpack(
                "IBBHQQ", offset + index * 24
            )
            if info & 15 == 2 and RUST_MAIN.search(reader.text(strings + name).encode()):
                return extent
    return None


def runs_on(machine: str, architecture: str) -> bool:
    """Tell whether a processor runs programs for a machine."""
    architecture = ALIASES.get(architecture, architecture)
    return machine == architecture or (architecture, machine) in RUNS_TOO
