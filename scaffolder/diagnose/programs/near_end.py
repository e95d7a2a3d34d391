"""Which texts a native program names in the code in front of its end.

A program that ends itself has the way to there on its stack. In front of each call on that way, its
code loads what it passes on: among that, often, the message that nobody gets to see, or the name of
the setting that it dislikes.
"""

import re
import struct
from collections.abc import Iterator, Sequence

from . import amd64
from .amd64 import MOVE, Code

NEAR = 48
"""How far behind the address of a text its length may be."""
MOST_PLACES, MOST_TEXTS = 8, 4
SHORTEST, LONGEST = 4, 300
RELATIVE = 8
"""The type of a relocation that fills in an address (R_X86_64_RELATIVE)."""
PLACEHOLDER = b"\xc0"
"""Where Rust fills in a value, in what its macros make of a message since 1.89."""
LONG = 0x80
"""From here on, such a byte is no length."""
OF_LIBRARY = re.compile("std::process::exit called|glibc|^%s%s%s:%u: ")
"""What those name who are on the way from the program to the system, and linked into it."""
OF_OTHERS = re.compile(r"^/rustc/|/\.?cargo/registry/|^library/|^/usr/(?:src|lib|local)/")
WORD = re.compile(r"[A-Za-z]{3}")


def texts(data: bytes, entry: int, words: Sequence[int]) -> tuple[str, ...]:
    """Return what the code in front of the calls on a stack names, the nearest first.

    `entry` is the address at which the program began, and `words` those on its stack that point
    into its code, innermost first. Empty where nothing is known, and for other processors than
    amd64.
    """
    code = amd64.code(data)
    for at in code.calls(entry, words)[:MOST_PLACES] if code else ():
        found = dict.fromkeys(_named(code, at)) if code else {}
        if found and not any(map(OF_LIBRARY.search, found)):
            return tuple(found)[:MOST_TEXTS]
    return ()


def _named(code: Code, end: int) -> Iterator[str]:
    for begin, last in code.ways(end):
        for at, target in reversed([*code.targets(begin, last)]):
            text = _text(code, target, code.data[at : at + NEAR])
            if WORD.search(text) and not OF_OTHERS.search(text):
                yield text


def _text(code: Code, at: int, after: bytes) -> str:
    """Return the text at a place, as the program's language has it; empty if there is none."""
    data = code.data
    if code.language == "c":
        end = data.find(b"\0", at, at + LONGEST)
        return _plain(data[at : max(end, at)]) if data[at - 1 : at] == b"\0" else ""
    if code.language == "rust" and (message := _message(data, at) or _of_table(code, at)):
        return message
    for match in MOVE.finditer(after):
        length = amd64.number(match)
        # Rust marks a message without values by the lowest bit.
        for size in (length, length >> 1) if code.language == "rust" else (length,):
            if SHORTEST <= size <= LONGEST and (text := _plain(data[at : at + size])):
                return text
    return ""


def _of_table(code: Code, at: int) -> str:
    """Return the text whose address, which the loader fills in, and length are at a place."""
    filled = code.data.find(struct.pack("<QQ", code.address(at), RELATIVE))
    if filled < 0 or max(filled + 24, at + 16) > len(code.data):
        return ""
    (address,) = struct.unpack_from("<Q", code.data, filled + 16)
    (length,) = struct.unpack_from("<Q", code.data, at + 8)
    target = code.offset(address)
    is_text = target >= 0 and SHORTEST <= length <= LONGEST
    return _plain(code.data[target : target + length]) if is_text else ""


def _message(data: bytes, at: int) -> str:
    """Return a message with places for values: each part has its length before it."""
    found, limit = "", min(at + LONGEST, len(data) - 1)
    while at < limit and data[at]:
        if data[at : at + 1] == PLACEHOLDER:
            found, at = f"{found}{{}}", at + 1
            continue
        part = _plain(data[at + 1 : at + 1 + data[at]]) if data[at] < LONG else ""
        if not part:
            return ""
        found, at = found + part, at + 1 + data[at]
    return found if "{}" in found else ""


def _plain(data: bytes) -> str:
    """Return what is a text without control characters; empty if it is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.replace("\n", "").replace("\t", "").isprintable() else ""
