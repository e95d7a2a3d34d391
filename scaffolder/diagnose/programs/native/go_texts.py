"""The texts that the code of a program in Go takes, one by one.

Go keeps its texts without anything between them. Where one begins, and how long it is, stands in
the code that passes it on.
"""

import re
import struct
from collections.abc import Iterator
from functools import lru_cache

from . import amd64, go_table
from .amd64 import MOVE, Code
from .binary import is_variable

WORDS = re.compile(r"[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*")
LOOKS_UP = re.compile(r"(?:os|syscall|internal/testlog)\.(?:Getenv|LookupEnv)")
CALLED = 48
"""How far behind it the call is that a text is passed to."""
MOST_BYTES, MOST_WORDS = 32 << 20, 2000
"""How much code is read, and of how many single words it is seen whether they are looked up."""
LONGEST, NEAR = 200, 24
"""How long such a text is, and how far behind its address the code has its length."""


@lru_cache(maxsize=2)
def variables(data: bytes) -> tuple[str, ...]:
    """Return the variables that the program's own packages read, in the order of their code.

    A text of several words in capital letters may be passed on before it is looked up; one word
    counts only where the next call looks it up.
    """
    code = amd64.code(data) if len(data) <= amd64.LARGEST else None
    return tuple(dict.fromkeys(_variables(code))) if code else ()


def _variables(code: Code) -> Iterator[str]:
    left, words = MOST_BYTES, 0
    for first, last in go_table.own_functions(code.data):
        begin, end = code.offset(first), code.offset(last)
        left -= max(end - begin, 0)
        if left < 0:
            return
        for at, target in code.targets(begin, end) if 0 <= begin < end else ():
            name = text(code, at, target)
            if not (WORDS.fullmatch(name) and is_variable(name)):
                continue
            words += "_" not in name
            if "_" in name or (words <= MOST_WORDS and _is_looked_up(code, at)):
                yield name


def _is_looked_up(code: Code, at: int) -> bool:
    """Tell whether the call that comes next asks for a variable of the environment."""
    calls = code.calls_between(at, at + CALLED)
    (distance,) = struct.unpack_from("<i", code.data, calls[0] + 1) if calls else (0,)
    address = code.address(calls[0] + 5) + distance if calls else 0
    found = go_table.frames(code.data, code.start, (address + 1,)) if address else ()
    return any(LOOKS_UP.fullmatch(frame.function) for frame in found)


def text(code: Code, at: int, target: int) -> str:
    """Return the text at a place whose length the code moves beside it; empty if it does not."""
    for match in MOVE.finditer(code.data, at, at + NEAR):
        size = amd64.number(match)
        if 0 < size <= LONGEST:
            found = code.data[target : target + size]
            return found.decode() if found.isascii() else ""
    return ""
