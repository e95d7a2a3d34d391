"""Names among texts that no byte separates, as Rust and Go store them.

Where one text ends and the next begins stands in the code that takes it: on amd64 it computes the
address of its first byte (lea), and has its length beside that; tables of texts hold both. What
none of them shows is split where it begins as it did before: `APP_BINDAPP_URL`.
"""

import re
import struct
from array import array
from functools import lru_cache
from itertools import pairwise

from . import elf
from .binary import is_variable

RUN = re.compile(rb"(?<![A-Z0-9_./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!_)")
NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
USUAL = re.compile(
    rb"(?<![A-Z0-9_./-])(?:PORT|HOST|WORKERS|THREADS|REPLICAS|SHARDS|TOKEN|SECRET|DSN|CONFIG|MODE"
    rb"|REGION|TENANT|QUEUE|TOPIC|BUCKET|CHANNEL|PEERS|INTERVAL|LIMIT)(?![A-Z0-9_])"
)
"""Names of one word, which is often a variable's; most such words are anything else."""
LEA = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](....)", re.DOTALL)
NEAR = 32
"""How many bytes away from it code has the length of a text."""
PREFIX = re.compile(r"[A-Z][A-Z0-9]+_")
SHORTEST = 6
MOST_RUNS = 300
"""What is looked at of a large program, which names many things for its libraries."""


@lru_cache(maxsize=4)
def variables(data: bytes, end: int) -> list[str]:
    """Return texts that look like names of variables, from a program's bytes before `end`."""
    loaded = elf.segments(data)
    runs = [
        match.span()
        for offset, _address, size in loaded
        for match in RUN.finditer(data, offset, min(offset + size, end))
        if match.end() - match.start() >= SHORTEST
    ][:MOST_RUNS]
    begins = _beginnings(data, loaded, runs)
    names: dict[str, None] = {}
    for start, stop in runs:
        cuts = [start, *(at for at in begins if start < at < stop), stop]
        pieces = (data[a:b].decode() for a, b in pairwise(cuts))
        names.update(dict.fromkeys(name for piece in pieces for name in _split(piece)))
    return [name for name in names if is_variable(name)]


def usual(data: bytes, end: int) -> list[str]:
    """Return the names of one word in a program's bytes before `end` that variables often have."""
    return list(dict.fromkeys(match[0].decode() for match in USUAL.finditer(data, 0, end)))


def _split(text: str) -> list[str]:
    """Split a text that begins again as it began; return what may be names of variables."""
    prefix = PREFIX.match(text)
    parts = re.split(rf"(?<=[A-Z0-9])(?={prefix[0]})", text) if prefix else [text]
    return [part for part in parts if NAME.fullmatch(part)]


def _beginnings(
    data: bytes, loaded: list[tuple[int, int, int]], runs: list[tuple[int, int]]
) -> list[int]:
    """Return where texts begin within others, if code or a table has their length, too."""
    known = {
        at - offset + address: (at, stop)
        for offset, address, size in loaded
        for start, stop in runs
        if offset <= start < offset + size
        for at in range(start, stop)
    }
    places = [
        (at, stop, data[max(0, match.start() - NEAR) : match.end() + NEAR])
        for offset, address, size in loaded
        for match in (LEA.finditer(data, offset, offset + size) if known else ())
        for target in [match.end() - offset + address + struct.unpack("<i", match[1])[0]]
        if target in known
        for at, stop in [known[target]]
    ]
    words = array("Q", data[: len(data) // 8 * 8]) if known else array("Q")
    for target in known.keys() & set(words):
        index = words.index(target)
        # Either the table is filled, or the loader fills it: where stands two words before.
        slots = [index * 8, *_offsets(loaded, words[index - 2] if index > 1 else 0)]
        places += [(*known[target], data[slot + 8 : slot + 16]) for slot in slots]
    all_ = {at for at, _stop, _near in places}
    return sorted(
        {
            at
            for at, stop, near in places
            for last in ({stop, stop - 1} | {b for b in all_ if at < b < stop})
            if last - at > 2 and struct.pack("<I", last - at) in near
        }
    )


def _offsets(loaded: list[tuple[int, int, int]], address: int) -> list[int]:
    return [address - a + offset for offset, a, size in loaded if a <= address < a + size]
