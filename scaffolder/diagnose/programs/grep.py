"""A call of grep: for what it looks, where, and which lines come near to that."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename

NAMES = {"grep", "egrep", "fgrep", "zgrep"}
WITH_VALUE = "efmABCdD"
"""Options of one letter that take a value (POSIX, GNU grep)."""
KEY = re.compile(r"[A-Za-z_][\w.-]*\w")
FOUND_NOTHING = 1
"""How grep ends where no line matches; 2 is an error."""


@dataclass(frozen=True)
class Grep:
    """What a call of grep looks for."""

    pattern: str
    files: tuple[str, ...]
    """Empty where it reads its standard input."""


def parsed(argv: Sequence[str]) -> Grep | None:
    """Read a call of grep for one pattern; None if it is none, or looks for other things."""
    if not argv or basename(argv[0]) not in NAMES:
        return None
    patterns: list[str] = []
    operands: list[str] = []
    is_other = False
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            operands += words
        elif word.startswith("--"):
            name, _, value = word.partition("=")
            patterns += [value] if name == "--regexp" else []
            is_other |= name in {"--invert-match", "--file"}
        elif word.startswith("-") and len(word) > 1:
            taken = next((n for n, letter in enumerate(word) if letter in WITH_VALUE), 0)
            is_other |= "v" in word[1 : taken or None] or (taken > 0 and word[taken] == "f")
            value = (word[taken + 1 :] or next(words, "")) if taken else ""
            patterns += [value] if taken and word[taken] == "e" else []
        else:
            operands.append(word)
    if not patterns:
        patterns, operands = operands[:1], operands[1:]
    if len(patterns) != 1 or is_other:
        return None
    return Grep(patterns[0], tuple(word for word in operands if word != "-"))


def near(pattern: str, text: str) -> Iterator[str]:
    """Yield the lines with the name that a pattern looks for: commented out, or spelled otherwise.

    That is its longest word.
    """
    key = max(KEY.findall(pattern), key=len, default="")
    whole = re.compile(rf"(?<![\w]){re.escape(key)}(?![\w])", re.IGNORECASE)
    if key:
        yield from (line.strip() for line in text.splitlines() if whole.search(line))
