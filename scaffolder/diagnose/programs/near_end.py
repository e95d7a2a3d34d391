"""Which texts a native program names in the code in front of its end.

A program that ends itself has the way to there on its stack. In front of each call on that way, its
code loads what it passes on: among that, often, the message that nobody gets to see, or the name of
the setting that it dislikes. It is read as amd64 code, without decoding all of it: the few
instructions that load an address or a length (Intel SDM, volume 2: LEA, MOV) and those that jump to
a shared end (Jcc, JMP).
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import elf
from .elf_symbols import Reader

AMD64, FIXED, DYNAMIC = 62, 2, 3
CALLS = re.compile(
    rb"(?:\xe8....|\xff\x15....|\x41?\xff[\xd0-\xd7]|\x41?\xff[\x50-\x53\x55-\x57]."
    rb"|\x41?\xff[\x90-\x93\x95-\x97]....)\Z",
    re.DOTALL,
)
"""The end of a call, relative or by a register."""
LEA = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](....)", re.DOTALL)
MOVE = re.compile(
    rb"[\xb8-\xbf](....)"
    rb"|\xc7(?:\x04\x24|\x44\x24.|\x84\x24....|[\x40-\x43\x45-\x47].|[\x80-\x83\x85-\x87]....)(....)",
    re.DOTALL,
)
"""A number that is moved into a register, or into memory."""
CALL = re.compile(rb"\xe8....|\xff\x15....", re.DOTALL)
"""A call, of an address or by the table that the loader fills."""
JUMP = re.compile(rb"\xe9(....)|\x0f[\x80-\x8f](....)|[\xeb\x70-\x7f](.)", re.DOTALL)
APART = re.compile(rb"(?:\xe9....|\xeb.|\xc3|\x0f\x0b|\xcc)\Z", re.DOTALL)
"""The end of what does not go on to the next instruction: a jump, a return, a trap."""
ALIGNED = 16
FILLED = re.compile(
    rb"(?:\xc3|\xcc|\x90|\x0f\x1f(?:\x00|\x40\x00|\x44\x00\x00|\x80\x00{4}|\x84\x00{5}))\Z"
)
FILLED_BY_GO = re.compile(rb"\xcc\Z")
"""What is between functions that compilers align: after a return, instructions that do nothing."""
WINDOW = 224
"""How many bytes of code in front of a call are read: what passes three arguments takes 100."""
BLOCK = 24
"""How far in front of the last call others may jump to: where they share it."""
AROUND = 8192
"""How far away they may be."""
NEAR = 48
"""How far behind the address of a text its length may be."""
MOST_PLACES, MOST_JUMPS, MOST_TEXTS = 8, 4, 4
MOST_CALLS = 4
"""How many calls back: what is named is passed on, written, freed, and then the program ends."""
SHORTEST, LONGEST = 4, 300
RELATIVE = 8
"""The type of a relocation that fills in an address (R_X86_64_RELATIVE)."""
SORTED = b"\x01\x1b\x03\x3b"
"""Its version, and how numbers are written: four bytes each, of the table relative to itself."""
MOST_FUNCTIONS = 200_000
PLACEHOLDER = b"\xc0"
"""Where Rust fills in a value, in what its macros make of a message since 1.89."""
OF_LIBRARY = re.compile("std::process::exit called|glibc|^%s%s%s:%u: ")
"""What those name who are on the way from the program to the system, and linked into it."""
OF_OTHERS = re.compile(r"^/rustc/|/\.?cargo/registry/|^library/|^/usr/(?:src|lib|local)/")
WORD = re.compile(r"[A-Za-z]{3}")


@dataclass(frozen=True)
class Code:
    """A program in memory."""

    data: bytes
    loaded: tuple[tuple[int, int, int], ...]
    functions: tuple[int, ...]
    """The addresses at which they begin, in order."""
    is_fixed: bool
    language: str

    def offset(self, address: int) -> int:
        """Return where an address is in the file; -1 if it is not."""
        found = (address - a + o for o, a, size in self.loaded if a <= address < a + size)
        return next(found, -1)

    def address(self, offset: int) -> int:
        """Return where a part of the file is in memory; -1 if it is not."""
        found = (offset - o + a for o, a, size in self.loaded if o <= offset < o + size)
        return next(found, -1)

    def begin(self, offset: int) -> int:
        """Return where the function around a place begins, as far as is known; else 0."""
        address = self.address(offset)
        if at := bisect_right(self.functions, address):
            return self.offset(self.functions[at - 1])
        aligned = range(offset - address % ALIGNED, max(0, offset - WINDOW), -ALIGNED)
        filled = FILLED_BY_GO if self.language == "go" else FILLED
        return next((at for at in aligned if filled.search(self.data, max(0, at - 8), at)), 0)


def texts(data: bytes, entry: int, words: Sequence[int]) -> tuple[str, ...]:
    """Return what the code in front of the calls on a stack names, the nearest first.

    `entry` is the address at which the program began, and `words` those on its stack that point
    into its code, innermost first. Empty where nothing is known, and for other processors.
    """
    if len(data) < elf.HEADER or not data.startswith(elf.MAGIC) or data[4] != 2:
        return ()
    reader = Reader(data)
    kind, machine = reader.unpack("HH", 16)
    if machine != AMD64:
        return ()
    (start,) = reader.unpack("Q", 24)
    moved = entry - start if kind == DYNAMIC else 0
    loaded = tuple(elf.segments(data))
    code = Code(data, loaded, _functions(reader), kind == FIXED, elf.language(data))
    ends = [at for word in dict.fromkeys(words) if (at := code.offset(word - moved)) > 0]
    calls = [at for at in ends if CALLS.search(data, max(0, at - 8), at)]
    for at in calls[:MOST_PLACES]:
        found = dict.fromkeys(_named(code, at))
        if found and not any(OF_LIBRARY.search(text) for text in found):
            return tuple(found)[:MOST_TEXTS]
    return ()


def _functions(reader: Reader) -> tuple[int, ...]:
    """Return the addresses at which functions begin, from the table that exceptions need.

    A stripped program has it, too. Its layout is that of the Linux Standard Base, "Exception
    Frames" (.eh_frame_hdr), as linkers write it; others have none.
    """
    at, address = elf.exceptions(reader.data)
    if at < 0 or reader.data[at : at + 4] != SORTED:
        return ()
    (count,) = reader.unpack("I", at + 8)
    count = min(count, MOST_FUNCTIONS, (len(reader.data) - at - 12) // 8)
    rows = reader.data[at + 12 : at + 12 + 8 * count]
    return tuple(address + first for first, _ in struct.iter_unpack("<ii", rows))


def _named(code: Code, end: int) -> Iterator[str]:
    """Yield the texts that are named in front of a place, or of the jumps to it."""
    begin = max(0, end - AROUND)
    jumps, block = [], end - WINDOW
    for match in JUMP.finditer(code.data, begin, end + AROUND):
        far = match[1] or match[2]
        (distance,) = struct.unpack("<i", far) if far else struct.unpack("<b", match[3])
        target = match.end() + distance
        if not far and code.begin(match.start()) != code.begin(end - 1):
            continue  # by a short jump nobody leaves a function
        if end - BLOCK <= target < end and not end - BLOCK <= match.start() < end:
            jumps.append(match.start())
            if APART.search(code.data, target - 5, target):
                block = max(block, target)
    yield from _before(code, block, end)
    for jump in jumps[:MOST_JUMPS]:
        yield from _before(code, jump - WINDOW, jump)


def _before(code: Code, begin: int, end: int) -> Iterator[str]:
    begin = max(begin, code.begin(end - 1))
    calls = [at.start() for at in CALL.finditer(code.data, begin, end - 1) if _is_call(code, at)]
    found = [*_targets(code, calls[-MOST_CALLS] if len(calls) >= MOST_CALLS else begin, end)]
    for at, target in reversed(found):
        text = _text(code, target, code.data[at : at + NEAR])
        if WORD.search(text) and not OF_OTHERS.search(text):
            yield text


def _is_call(code: Code, match: re.Match[bytes]) -> bool:
    """Tell whether what looks like a call leads to something in the program."""
    here = code.address(match.end())
    (distance,) = struct.unpack("<i", match[0][-4:])
    return code.offset(here + distance) >= 0


def _targets(code: Code, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where code loads the address of something, and where that is in the file."""
    for match in LEA.finditer(code.data, begin, end):
        here = code.address(match.end())
        target = code.offset(here + struct.unpack("<i", match[1])[0])
        if target > 0:
            yield match.end(), target
    if code.is_fixed:
        for match in MOVE.finditer(code.data, begin, end):
            target = code.offset(struct.unpack("<I", match[1] or match[2])[0])
            if target > 0:
                yield match.end(), target


def _text(code: Code, at: int, after: bytes) -> str:
    """Return the text at a place, as the program's language has it; empty if there is none."""
    data = code.data
    if code.language == "c":
        end = data.find(b"\0", at, at + LONGEST)
        return _plain(data[at : max(end, at)]) if data[at - 1 : at] == b"\0" else ""
    if code.language == "rust":
        if message := _message(data, at):
            return message
        filled = data.find(struct.pack("<QQ", code.address(at), RELATIVE))
        if filled >= 0:  # a table that holds its address and its length
            (address,) = struct.unpack_from("<Q", data, filled + 16)
            (length,) = struct.unpack_from("<Q", data, at + 8)
            target = code.offset(address)
            return _plain(data[target : target + length]) if 0 < length <= LONGEST else ""
    for match in MOVE.finditer(after):
        (length,) = struct.unpack("<I", match[1] or match[2])
        # Rust marks a message without values by the lowest bit.
        for size in (length, length >> 1) if code.language == "rust" else (length,):
            if SHORTEST <= size <= LONGEST and (text := _plain(data[at : at + size])):
                return text
    return ""


def _message(data: bytes, at: int) -> str:
    """Return a message with places for values: each part has its length before it."""
    found, limit = "", at + LONGEST
    while at < min(limit, len(data) - 1) and data[at]:
        if data[at] < 0x80:
            part = _plain(data[at + 1 : at + 1 + data[at]])
            if not part:
                return ""
            found, at = found + part, at + 1 + data[at]
        elif data[at : at + 1] == PLACEHOLDER:
            found, at = f"{found}{{}}", at + 1
        else:
            return ""
    return found if "{}" in found else ""


def _plain(data: bytes) -> str:
    """Return what is a text without control characters; empty if it is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.replace("\n", "").replace("\t", "").isprintable() else ""
