"""Which flags a program in Go says to be required, in the texts that its code gives to `flag`.

The name of a flag comes first, then what it is for.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from . import amd64
from .amd64 import Code
from .go_texts import LONGEST, text

REQUIRED = re.compile(rb"[(\[](?:required|mandatory)[)\]]", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z][\w.-]{0,30}")
MOST, MOST_PLACES, MOST_READ = 8, 400_000, 200
"""How many such texts are looked for, in how much of what code loads, and how many are read."""
AROUND = 96
"""How far from that of its help the name of a flag is loaded."""


@lru_cache(maxsize=2)
def required(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the names of flags whose help has `(required)`, and that help."""
    ends = [match.end() for match in REQUIRED.finditer(data)][:MOST]
    code = amd64.code(data) if ends and len(data) <= amd64.LARGEST else None
    return tuple(dict.fromkeys(_flags(code, ends))) if code else ()


def _flags(code: Code, ends: list[int]) -> Iterator[tuple[str, str]]:
    every = (place for a, _, size in code.loaded for place in code.targets(a, a + size))
    places = islice(every, MOST_PLACES)
    near = (place for place in places if any(0 < end - place[1] <= LONGEST for end in ends))
    for at, target in islice(near, MOST_READ):
        about = text(code, at, target)
        if not REQUIRED.search(about.encode()):
            continue
        before = reversed([*code.targets(max(at - AROUND, 0), at)])
        names = (text(code, other, place) for other, place in before if other != at)
        if name := next(filter(NAME.fullmatch, names), ""):
            yield name, about
