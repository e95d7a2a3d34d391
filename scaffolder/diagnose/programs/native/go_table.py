"""Where the addresses of a Go program are in its sources: the table that Go has for its traces.

It is in every program, also in one that is stripped (`-ldflags "-s -w"`). Its layout is that of
`debug/gosym` and `runtime/symtab.go` of Go 1.18 and later.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from scaffolder.diagnose.evidence.go_stack import Frame

from .elf_symbols import Reader

MAGICS = (0xFFFFFFF0, 0xFFFFFFF1)
"""Of the tables of Go 1.18 and 1.20."""
NAMES = (".gopclntab", ".data.rel.ro.gopclntab")
DYNAMIC = 3
"""The kind of an ELF file that is loaded anywhere."""
MODULE = re.compile(rb"\nmod\t([!-~]{1,200})\t")
"""The module that a program was built from, as `go version -m` tells it."""
MOST_SECTIONS, MOST_FUNCTIONS = 512, 200_000
MOST_STEPS = 100_000
NO_FILE = 0xFFFFFFFF


@dataclass(frozen=True)
class _Table:
    reader: Reader
    at: int
    text: int
    quantum: int
    count: int
    names: int
    units: int
    files: int
    steps: int
    functions: int


def frames(data: bytes, entry: int, addresses: tuple[int, ...]) -> tuple[Frame, ...]:
    """Return what return addresses are in a program that began at `entry`; nothing if unknown."""
    if len(data) < 64 or not data.startswith(b"\x7fELF") or data[4] != 2:
        return ()
    try:
        reader = Reader(data)
        kind, start = *reader.unpack("H", 16), *reader.unpack("Q", 24)
        table = _table(reader)
        moved = entry - start if kind == DYNAMIC else 0
        found = (_frame(table, address - 1 - moved) for address in addresses) if table else ()
        return tuple(frame for frame in found if frame)
    except (struct.error, IndexError, OverflowError, ValueError):
        return ()


def own_functions(data: bytes) -> tuple[tuple[int, int], ...]:
    """Return where the functions of the program's own packages begin and end, as the file has them.

    Those are `main`, and the packages of its module; nothing if they are unknown.
    """
    if len(data) < 64 or not data.startswith(b"\x7fELF") or data[4] != 2:
        return ()
    module = MODULE.search(data)
    own = ("main.", *((f"{module[1].decode()}/", f"{module[1].decode()}.") if module else ()))
    try:
        table = _table(Reader(data))
        return tuple(_of_packages(table, own)) if table else ()
    except (struct.error, IndexError, OverflowError, ValueError):
        return ()


def _of_packages(table: _Table, packages: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    reader, entries = table.reader, _Entries(table)
    for index in range(min(table.count, MOST_FUNCTIONS)):
        entry, offset = reader.unpack("II", table.functions + 8 * index)
        _, name = reader.unpack("Ii", table.functions + offset)
        if reader.text(table.names + name).startswith(packages):
            yield table.text + entry, table.text + entries[index + 1]


def _table(reader: Reader) -> _Table | None:
    start, size, count, names = (*reader.unpack("Q", 40), *reader.unpack("HHH", 58))
    rows = [reader.unpack("IIQQQQIIQQ", start + i * size) for i in range(min(count, MOST_SECTIONS))]
    known = {reader.text(rows[names][4] + row[0]): row for row in rows}
    row = next((known[name] for name in NAMES if name in known), None)
    if row is None:
        return None
    at = row[4]
    magic, _, quantum, _width = reader.unpack("IHBB", at)
    if magic not in MAGICS:
        return None
    functions, _, text, *offsets = reader.unpack("8Q", at + 8)
    if not text:  # a relocation fills it in
        text = known[".text"][3]
    name, unit, file, step, function = (at + offset for offset in offsets)
    return _Table(reader, at, text, quantum, functions, name, unit, file, step, function)


def _frame(table: _Table, address: int) -> Frame | None:
    reader, target = table.reader, address - table.text
    entries = _Entries(table)
    index = bisect_right(entries, target) - 1
    if not 0 <= index < table.count or target >= entries[table.count]:
        return None
    entry, offset = reader.unpack("II", table.functions + 8 * index)
    at = table.functions + offset
    _, name, _, _, _, pcfile, pcline, _, unit = reader.unpack("IiiIIIIII", at)
    number, line = (_value(table, steps, entry, target) for steps in (pcfile, pcline))
    (file,) = reader.unpack("I", table.units + 4 * (unit + number)) if number >= 0 else (NO_FILE,)
    path = reader.text(table.files + file) if file != NO_FILE else ""
    return Frame(reader.text(table.names + name), path, max(line, 0))


@dataclass(frozen=True)
class _Entries:
    """Where the functions begin, in order, as a sequence that is read where it is asked for."""

    table: _Table

    def __len__(self) -> int:
        return self.table.count

    def __getitem__(self, index: int) -> int:
        return self.table.reader.unpack("I", self.table.functions + 8 * index)[0]


def _value(table: _Table, steps: int, entry: int, target: int) -> int:
    """Return the value at an address, from pairs of differences: of values, and of addresses."""
    value, here, at = -1, entry, table.steps + steps
    for step in range(MOST_STEPS):
        more, at = _number(table.reader.data, at)
        if not more and step:
            break
        value += ~(more >> 1) if more & 1 else more >> 1
        length, at = _number(table.reader.data, at)
        here += length * table.quantum
        if target < here:
            return value
    return -1


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it, and where the next one begins."""
    found = 0
    for shift in range(0, 35, 7):
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return found, at
