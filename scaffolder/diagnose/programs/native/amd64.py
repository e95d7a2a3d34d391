"""The code of a native program for amd64: where it calls, jumps, and what it loads addresses of.

It is not decoded as a whole: only the few instructions are known that matter for what a call is
given (Intel SDM, volume 2: CALL, JMP, Jcc, LEA, MOV).
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from . import elf
from .elf_symbols import Reader
from .elf_tables import apart, functions, relocations

MACHINE, FIXED, DYNAMIC = 62, 2, 3
"""Its number in an ELF file, and the kinds of those that are loaded at one place, or anywhere."""
RETURNS_TO = re.compile(
    rb"(?:\xe8....|\xff\x15....|\x41?\xff[\xd0-\xd7]|\x41?\xff[\x50-\x53\x55-\x57]."
    rb"|\x41?\xff[\x90-\x93\x95-\x97]....)\Z",
    re.DOTALL,
)
"""The end of a call: of an address, by a table, or by a register."""
CALL = re.compile(rb"\xe8....|\xff\x15....", re.DOTALL)
"""A call, of an address or by the table that the loader fills."""
JUMP = re.compile(rb"\xe9(....)|\x0f[\x80-\x8f](....)|[\xeb\x70-\x7f](.)", re.DOTALL)
APART = re.compile(rb"(?:\xe9....|\xeb.|\xc3|\x0f\x0b|\xcc)\Z", re.DOTALL)
"""The end of what does not go on to the next instruction: a jump, a return, a trap."""
LEA = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](....)", re.DOTALL)
MOVE = re.compile(
    rb"[\xb8-\xbf](....)|\xc7(?:\x04\x24|\x44\x24.|\x84\x24....|[\x40-\x43\x45-\x47]."
    rb"|[\x80-\x83\x85-\x87]....)(....)",
    re.DOTALL,
)
"""A number that is moved into a register, or into memory."""
ALIGNED = 16
FILLED = re.compile(
    rb"(?:\xc3|\xcc|\x90|\x0f\x1f(?:\x00|\x40\x00|\x44\x00\x00|\x80\x00{4}|\x84\x00{5}))\Z"
)
FILLED_BY_GO = re.compile(rb"\xcc\Z")
"""What is between functions that compilers align: after a return, instructions that do nothing."""
WINDOW = 224
"""How many bytes of code in front of a call are read: what passes three arguments takes 100."""
MOST_CALLS = 4
"""How many calls back: what is named is passed on, written, freed, and then the program ends."""
BLOCK = 24
"""How far in front of a call others may jump to: where they share it."""
AROUND, MOST_JUMPS = 8192, 4
"""How far away they may be, and how many are read."""
RELATIVE = 8
"""The type of a relocation that fills in an address (R_X86_64_RELATIVE)."""
LARGEST_TABLE = 8 << 20
LARGEST = 16 << 20
"""Of how large a program all code is searched."""


@dataclass(frozen=True)
class Code:
    """A program, and where its parts are in memory and in the file."""

    data: bytes
    language: str
    loaded: tuple[tuple[int, int, int], ...]
    functions: tuple[int, ...]
    """The addresses at which they begin, in order."""
    filled: tuple[int, int]
    """Where the table of what the loader fills in is in the file, and its end."""
    is_fixed: bool
    start: int
    """The address at which the program begins, as the file has it."""

    def offset(self, address: int) -> int:
        """Return where an address is in the file; -1 if it is not."""
        found = (address - a + o for o, a, size in self.loaded if a <= address < a + size)
        return next(found, -1)

    def address(self, offset: int) -> int:
        """Return where a part of the file is in memory; -1 if it is not."""
        found = (offset - o + a for o, a, size in self.loaded if o <= offset < o + size)
        return next(found, -1)

    def address_at(self, offset: int) -> int:
        """Return the address that the loader fills in at a place of the file; -1 for none."""
        row = struct.pack("<QQ", self.address(offset) & (1 << 64) - 1, RELATIVE)
        found = self.data.find(row, *self.filled)
        if found < 0 or found + 24 > len(self.data):
            return -1
        return int(struct.unpack_from("<Q", self.data, found + 16)[0])

    def calls(self, entry: int, words: Sequence[int]) -> list[int]:
        """Return the places in the file to which the words on a stack return, after a call.

        `entry` is the address at which the program began, in memory.
        """
        moved = 0 if self.is_fixed else entry - self.start
        found = [self.offset(word - moved) for word in dict.fromkeys(words)]
        return [at for at in found if at > 0 and RETURNS_TO.search(self.data, max(0, at - 8), at)]

    def called(self, end: int) -> tuple[int, int]:
        """Return the part of the file with the function that the call before `end` calls.

        It is empty where that is not known.
        """
        if self.data[end - 5 : end - 4] != b"\xe8":
            return 0, 0
        (distance,) = struct.unpack_from("<i", self.data, end - 4)
        begin = self.offset(self.address(end) + distance)
        found = self.extent(begin)
        return found if found[0] == begin else (0, 0)

    def extent(self, offset: int) -> tuple[int, int]:
        """Return where the function around a place begins and ends; zeros if that is not known."""
        at = bisect_right(self.functions, self.address(offset))
        begin = self.offset(self.functions[at - 1]) if at else 0
        following = self.offset(self.functions[at]) if at < len(self.functions) else -1
        ends = (o + size for o, _address, size in self.loaded if o <= begin < o + size)
        end = following if following > begin else next(ends, 0)
        return (begin, end) if 0 < begin <= offset < end else (0, 0)

    def ways(self, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of the code that lead to a call's end: what is before it, or jumps there.

        They do not begin before the function does, nor before several other calls.
        """
        jumps, block = [], end - WINDOW
        for match in JUMP.finditer(self.data, max(0, end - AROUND), end + AROUND):
            far = match[1] or match[2]
            (distance,) = struct.unpack("<i", far) if far else struct.unpack("<b", match[3])
            target = match.end() + distance
            if not end - BLOCK <= target < end or end - BLOCK <= match.start() < end:
                continue
            if not far and self._begin(match.start()) != self._begin(end - 1):
                continue  # no short jump leaves a function
            jumps.append(match.start())
            if APART.search(self.data, target - 5, target):
                block = max(block, target)
        yield self._from(block, end), end
        yield from ((self._from(jump - WINDOW, jump), jump) for jump in jumps[:MOST_JUMPS])

    def _from(self, begin: int, end: int) -> int:
        begin = max(begin, self._begin(end - 1), 0)
        calls = self.calls_between(begin, end)
        return calls[-MOST_CALLS] if len(calls) >= MOST_CALLS else begin

    def calls_between(self, begin: int, end: int) -> list[int]:
        """Return where a part of the code calls something in the program."""
        found = CALL.finditer(self.data, begin, end - 1)
        return [match.start() for match in found if self._is_call(match)]

    def _begin(self, offset: int) -> int:
        """Return where the function around a place begins, as far as is known; else 0."""
        address = self.address(offset)
        if at := bisect_right(self.functions, address):
            return self.offset(self.functions[at - 1])
        aligned = range(offset - address % ALIGNED, max(0, offset - WINDOW), -ALIGNED)
        filled = FILLED_BY_GO if self.language == "go" else FILLED
        return next((at for at in aligned if filled.search(self.data, max(0, at - 8), at)), 0)

    def _is_call(self, match: re.Match[bytes]) -> bool:
        """Tell whether what looks like a call leads to something in the program."""
        (distance,) = struct.unpack("<i", match[0][-4:])
        return self.offset(self.address(match.end()) + distance) >= 0

    def targets(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where code loads the address of something, and where that is in the file."""
        for match in LEA.finditer(self.data, begin, end):
            target = self.offset(self.address(match.end()) + struct.unpack("<i", match[1])[0])
            if target > 0:
                yield match.end(), target
        for match in MOVE.finditer(self.data, begin, end) if self.is_fixed else ():
            target = self.offset(number(match))
            if target > 0:
                yield match.end(), target

    def loads_within(self, begin: int, end: int) -> bool:
        """Tell whether any code loads the address of something in a part of the file."""
        at = bisect_right(self._loads, self.address(begin))
        return at < len(self._loads) and self._loads[at] < self.address(end)

    @cached_property
    def _loads(self) -> list[int]:
        """The addresses that any code loads, in order; none of a large program."""
        return sorted(
            match.end() - offset + address + struct.unpack("<i", match[1])[0]
            for offset, address, size in (self.loaded if len(self.data) <= LARGEST else ())
            for match in LEA.finditer(self.data, offset, offset + size)
        )


def number(match: re.Match[bytes]) -> int:
    """Return the number that a MOVE moves."""
    return int(struct.unpack("<I", match[1] or match[2])[0])


def code(data: bytes) -> Code | None:
    """Read a program; None if it is none for this processor."""
    if len(data) < elf.HEADER or not data.startswith(elf.MAGIC) or data[4] != 2:
        return None
    reader = Reader(data)
    kind, machine = reader.unpack("HH", 16)
    (start,) = reader.unpack("Q", 24)
    if machine != MACHINE or kind not in (FIXED, DYNAMIC):
        return None
    loaded = tuple(apart(elf.segments(data), len(data)))
    at, size = relocations(data)
    filled = (at, at + min(size, LARGEST_TABLE))
    language = elf.language(data)
    return Code(data, language, loaded, functions(data), filled, kind == FIXED, start)
