"""The tables of an ELF file, read within bounds: segments, dynamic tags, relocations, functions."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .elf_symbols import Reader

MOST_SEGMENTS, MOST_PARTS = 256, 32
MOST_TAGS = 2048
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
PT_GNU_EH_FRAME = 0x6474E550
DT_RELA, DT_RELASZ = 7, 8
SORTED = b"\x01\x1b\x03\x3b"
"""The version of a table, and how numbers are written in it: four bytes each, relative to it."""
MOST_FUNCTIONS = 200_000


@dataclass(frozen=True)
class Segment:
    """A part of the file that is loaded, or that says something about it."""

    kind: int
    offset: int
    address: int
    size: int


def segments_of(reader: Reader) -> list[Segment]:
    """Return all segments; raise struct.error if the file ends before them."""
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
        found.append(Segment(kind, offset, address, length))
    return found


def tags_of(reader: Reader, dynamic: Segment) -> list[tuple[int, int]]:
    """Return what the dynamic segment has for the loader: tags and their values."""
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


def relocations(data: bytes) -> tuple[int, int]:
    """Return where the table of what the loader fills in is in the file, and its size; or zeros."""
    try:
        reader = Reader(data)
        found = segments_of(reader)
        dynamic = next((s for s in found if s.kind == PT_DYNAMIC), None)
        tags = dict(tags_of(reader, dynamic)) if dynamic else {}
    except (struct.error, IndexError):
        return 0, 0
    at, size = tags.get(DT_RELA, -1), tags.get(DT_RELASZ, 0)
    loaded = (s for s in found if s.kind == PT_LOAD and s.address <= at < s.address + s.size)
    return next(((at - s.address + s.offset, size) for s in loaded), (0, 0))


def functions(data: bytes) -> tuple[int, ...]:
    """Return the addresses at which functions begin, from the table that exceptions need.

    A stripped program has it, too. Its layout is that of the Linux Standard Base, "Exception
    Frames" (.eh_frame_hdr), as linkers write it; others have none.
    """
    at, address = _exceptions(data)
    if at < 0 or len(data) < at + 12 or data[at : at + 4] != SORTED:
        return ()
    (count,) = struct.unpack_from("<I", data, at + 8)
    count = min(count, MOST_FUNCTIONS, (len(data) - at - 12) // 8)
    rows = data[at + 12 : at + 12 + 8 * count]
    return tuple(address + first for first, _ in struct.iter_unpack("<ii", rows))


def _exceptions(data: bytes) -> tuple[int, int]:
    """Return where the table for exceptions is in the file, -1 for nowhere, and its address."""
    try:
        found = segments_of(Reader(data))
    except (struct.error, IndexError):
        return -1, 0
    return next(((s.offset, s.address) for s in found if s.kind == PT_GNU_EH_FRAME), (-1, 0))


def apart(segments: list[tuple[int, int, int]], size: int) -> Iterator[tuple[int, int, int]]:
    """Yield the parts that are loaded, as far as the file has them: not one of them twice."""
    left = 2 * size  # a few bytes around the ends of parts are in two pages
    for at, address, length in segments[:MOST_PARTS]:
        there = min(length, max(0, size - at))
        left -= there
        if left >= 0:
            yield at, address, there
