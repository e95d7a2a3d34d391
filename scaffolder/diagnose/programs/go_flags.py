"""Which flags a program in Go says to be required, in the texts that its code gives to `flag`.

Go keeps its texts without anything between them. Where one begins, and how long it is, stands in
the code that passes it on: the name of a flag first, then what it is for.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from . import amd64
from .amd64 import MOVE, Code

REQUIRED = re.compile(rb"[(\[](?:required|mandatory)[)\]]", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z][\w.-]{0,30}")
MOST, LONGEST = 8, 200
AROUND, NEAR = 96, 24
"""How far from that of its help the name of a flag is loaded, and a length from its text."""


@lru_cache(maxsize=2)
def required(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the names of flags whose help has `(required)`, and that help."""
    ends = [match.end() for match in REQUIRED.finditer(data)][:MOST]
    code = amd64.code(data) if ends and len(data) <= amd64.LARGEST else None
    return tuple(dict.fromkeys(_flags(code, ends))) if code else ()


def _flags(code: Code, ends: list[int]) -> Iterator[tuple[str, str]]:
    for begin, _address, size in code.loaded:
        for at, target in code.targets(begin, begin + size):
            end = next((end for end in ends if 0 < end - target <= LONGEST), 0)
            about = _text(code, at, target) if end else ""
            if not end or not REQUIRED.search(about.encode()):
                continue
            near = reversed([*code.targets(at - AROUND, at)])
            names = (_text(code, other, place) for other, place in near if other != at)
            if name := next(filter(NAME.fullmatch, names), ""):
                yield name, about


def _text(code: Code, at: int, target: int) -> str:
    """Return the text at a place whose length the code moves beside it; empty if it does not."""
    for match in MOVE.finditer(code.data, at, at + NEAR):
        size = amd64.number(match)
        if 0 < size <= LONGEST:
            text = code.data[target : target + size]
            return text.decode() if text.isascii() else ""
    return ""
