"""Text of others, made fit to be shown: on a terminal, in JSON, in a command to type."""

import json
import os
import re
import shlex
from collections.abc import Iterable

LONGEST = 40
"""How many characters of a name a message quotes."""

BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that Python calls printable, and that show nothing."""


def _unsafe(letter: str) -> bool:
    """Tell what is not shown as it is.

    Control characters (C0, C1), marks of direction, what has no width, and lone surrogates are all
    unprintable for Python; ASCII, which is nearly everything, is.
    """
    return not letter.isprintable() or letter in BLANK


def printable(text: str) -> str:
    r"""Return a text as one line for a terminal: what is not printable is spelled out.

    A byte that is no UTF-8, as names of files have it, is spelled as that byte: `\xff`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(c) if _unsafe(c) else c for c in text)


def _spelled(letter: str) -> str:
    byte = ord(letter) - 0xDC00  # as Python has a byte that cannot be decoded (PEP 383)
    if byte in range(0x80, 0x100):
        return f"\\x{byte:02x}"
    return letter.encode("unicode_escape").decode()


def printable_lines(text: str) -> str:
    """Return the same, with the ends of lines as they are."""
    return "\n".join(map(printable, text.split("\n")))


def printable_patch(text: str) -> str:
    """Return the same, with tabs as they are: for the content of files."""
    return re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)


def shown(name: str) -> str:
    """Quote a name for a message: printable, and not endless."""
    return printable(repr(name if len(name) <= LONGEST else name[:LONGEST] + "..."))


def reason(number: int) -> str:
    """Return what an errno means, in the words of a message."""
    return os.strerror(number).lower()


def listed(items: Iterable[str]) -> str:
    """Return items of others as indented lines, one for each."""
    return "\n".join(f"  {printable(item)}" for item in items)


def quoted(word: str) -> str:
    """Quote a word for a command to type; `$'...'` (bash, zsh, ksh) holds what is not printable."""
    if not any(map(_unsafe, word)):
        return shlex.quote(word)
    return f"$'{''.join(map(_typed, word))}'"


def command(*words: str) -> str:
    """Return a command to type."""
    return " ".join(map(quoted, words))


def _typed(letter: str) -> str:
    if _unsafe(letter):
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(letter))
    return f"\\{letter}" if letter in "\\'" else letter


def as_json(value: object) -> str:
    """Return a JSON document that reads the same, with JSON's own escapes for all unprintable."""
    plain = json.dumps(value, indent=2, ensure_ascii=False)
    if plain.isascii() and "\x7f" not in plain:
        return plain
    return "".join(json.dumps(c)[1:-1] if c != "\n" and _unsafe(c) else c for c in plain)


def type_name(name: str) -> str:
    """Return a name as types have it: `OrderLine` of `order_line`."""
    return "".join(word.capitalize() for word in name.split("_"))
