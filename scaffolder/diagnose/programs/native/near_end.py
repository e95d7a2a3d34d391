"""Which texts a native program names in the code in front of its end.

A program that ends itself has the way to there on its stack. In front of each call on that way, its
code loads what it passes on: among that, often, the message that nobody gets to see, or the name of
the setting that it dislikes.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import chain

from . import amd64
from . import returned as decided
from .amd64 import MOVE, Code

NEAR = 48
"""How far behind the address of a text its length may be."""
BEFORE = 160
"""How far in front of a call to panic its message may be: what is not optimized copies it first."""
SEVERAL = 2
MOST_PLACES, MOST_TEXTS = 8, 4
SHORTEST, LONGEST = 4, 300
PLACEHOLDER = b"\xc0"
"""Where Rust fills in a value, in what its macros make of a message since 1.89."""
LONG = 0x80
"""From here on, such a byte is no length."""
OF_LIBRARY = re.compile("std::process::exit called|glibc|^%s%s%s:%u: ")
"""What those name who are on the way from the program to the system, and linked into it."""
OF_OTHERS = re.compile(
    r"^/rustc/|^/rust/deps/|/\.?cargo/registry/|^library/|^/usr/(?:src|lib|local)/"
)
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


def returned(data: bytes, entry: int, words: Sequence[int], status: int) -> tuple[str, ...]:
    """Return what the code names that decides to return a status from `main`, as above."""
    code = amd64.code(data)
    return decided.texts(code, status, code.calls(entry, words), _own_text) if code else ()


def _own_text(code: Code, at: int, target: int) -> str:
    text = _text(code, target, code.data[at : at + NEAR])
    is_own = WORD.search(text) and not OF_OTHERS.search(text) and not OF_LIBRARY.search(text)
    return text if is_own else ""


def panic(data: bytes, entry: int, words: Sequence[int]) -> tuple[str, str] | None:
    """Return where a program in Rust has panicked, as `src/main.rs:4:9`, and with which message.

    `words` are those that the calls before its end have left: one of them was the call to panic, in
    front of which the code loads the place, and mostly the message. The message may be empty.
    """
    code = amd64.code(data) if words else None
    if code is None:
        return None
    # What unwinds the stack looks up the byte before the one to which a call returns.
    unwound = [word + 1 for word in words]
    for at in code.calls(entry, [*chain(*zip(words, unwound, strict=True))]):
        found = [*_places(code, max(0, at - BEFORE), at)]
        if found and found[-1][0] >= at - NEAR:
            return found[-1][1:]
    for at in code.calls(entry, unwound):
        found = [*_places(code, *code.called(at))]
        if len(found) == 1:
            return found[0][1:]
    return None


def _places(code: Code, begin: int, end: int) -> Iterator[tuple[int, str, str]]:
    """Yield where code loads places in the program's own source, these, and the message before."""
    message, since = "", begin
    for at, target in code.targets(begin, end):
        if place := _place(code, target):
            # What several calls are between is another statement's.
            yield at, place, message if len(code.calls_between(since, at)) < SEVERAL else ""
            message = ""
        elif " " in (text := _text(code, target, code.data[at : at + NEAR])):
            message, since = text, at


def _place(code: Code, at: int) -> str:
    """Return the place in the program's own source that a `Location` of Rust holds."""
    file = _of_table(code, at)
    if not file.endswith(".rs") or OF_OTHERS.search(file):
        return ""
    line, column = struct.unpack_from("<II", code.data, at + 16)
    return f"{file}:{line}:{column}"


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
        size = amd64.number(match)
        is_text = SHORTEST <= size <= 2 * LONGEST and bool(_plain(data[at : at + size]))
        # Rust marks a message without values by the lowest bit, and has twice its length beside it.
        if (
            code.language == "rust"
            and size & 1
            and (not is_text or code.loads_within(at, at + size))
        ):
            size >>= 1
        if SHORTEST <= size <= LONGEST and (text := _plain(data[at : at + size])):
            return text
    return ""


def _of_table(code: Code, at: int) -> str:
    """Return the text whose address, which the loader fills in, and length are at a place."""
    target = code.offset(code.address_at(at))
    if target < 0 or at + 24 > len(code.data):
        return ""
    (length,) = struct.unpack_from("<Q", code.data, at + 8)
    is_text = SHORTEST <= length <= LONGEST
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
