"""Which flags a program in Go says to be required, in the texts that its code gives to `flag`.

The name of a flag comes first, then what it is for.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from . import amd64
from .amd64 import Code
from .go_texts import LONGEST, text

REQUIRED = re.compile(rb"[(\[](?:required|mandatory)[)\]]", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z][\w.-]{0,30}")
MOST = 8
AROUND = 96
"""How far from that of its help the name of a flag is loaded."""


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
            about = text(code, at, target) if end else ""
            if not end or not REQUIRED.search(about.encode()):
                continue
            near = reversed([*code.targets(at - AROUND, at)])
            names = (text(code, other, place) for other, place in near if other != at)
            if name := next(filter(NAME.fullmatch, names), ""):
                yield name, about
