"""What a program asks before it ends itself: the condition around an end in its source.

The place of the end is known from a copy. The condition stands in front of it in the same
statement, in what encloses that, or, in a function, in what would have left it before.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from . import guarded_braces, guarded_python, guarded_words
from .masking import BRACES, masked

LONGEST = 160
DEEPEST = 4
HEAD = re.compile(r"\bfunction\s+(\w+)|(?<![\w$-])(\w+)\s*\(\)\s*\{")
"""How a function of a shell or of PHP begins."""
STATUS = re.compile(r"\((-?\d+)\)")
FUNCTION = re.compile(r"(?<![\w$])[\w$]+$")
OWNER = re.compile(r"(?:(?<![\w$])[\w$]+(?:\.|::|->))+$")


@dataclass(frozen=True)
class Guard:
    """A condition, as the source has it, and where it is."""

    text: str
    line: int
    at: int
    """Where in the source it begins."""
    is_passed: bool = False
    """It leaves the function before the end, so it did not hold."""


def guard(source: str, language: str, line: int, called: str, how: str) -> Guard | None:
    """Return what decides whether a line of a source leads to an end; None if nothing does there.

    `how` is the call that ends the program, and `called` what the line calls to get there: a helper
    that only ends is looked at where it is called.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", source)), len(source) + 1]
    if not 0 < line < len(starts):
        return None
    if language == "python":
        status = STATUS.search(how)
        span = guarded_python.span(source, line, name_of(called), status[1] if status else "")
    else:
        hidden = masked(source, language)
        at = _position(hidden, source, starts[line - 1], starts[line] - 1, called)
        finds = guarded_braces.span if language in BRACES else guarded_words.span
        span = finds(hidden, at, language)
    if span is None:
        return None
    begin, end, is_passed = span
    text = " ".join(source[begin:end].split()).rstrip(" {")
    number = next(n for n, (a, b) in enumerate(pairwise(starts), 1) if a <= begin < b)
    return Guard(text[:LONGEST], number, begin, is_passed) if text else None


def literal(source: str, language: str, status: int) -> list[tuple[int, str]]:
    """Return the lines by which a script ends with a status, if it names that once.

    Each has the name of its function, and is followed by the one place where that is called.
    """
    hidden = masked(source, language)
    form = re.compile(rf"(?<![\w$-])(?:exit|die)\s*(?:\(\s*)?{status}\b")
    found = [match.start() for match in form.finditer(hidden)]
    way: list[tuple[int, str]] = []
    while len(found) == 1 and len(way) < DEEPEST:
        at = found[0]
        closed = hidden.rfind("\n}", 0, at)
        heads = [m for m in HEAD.finditer(hidden, 0, at) if m.end() > closed]
        is_inside = heads and hidden.count("{", heads[-1].start(), at) > hidden.count(
            "}", heads[-1].start(), at
        )
        name = (heads[-1][1] or heads[-1][2]) if heads and is_inside else ""
        way.append((hidden.count("\n", 0, at) + 1, name))
        calls = re.finditer(rf"(?<![\w$-]){re.escape(name)}\b(?!\s*\(\)\s*\{{)", hidden)
        found = [
            m.start() for m in calls if name and not hidden.endswith("function ", 0, m.start())
        ]
    return way


def name_of(called: str) -> str:
    """Return the name of a call, without its arguments and what it is a member of."""
    match = FUNCTION.search(re.split(r"[( ]", called[:LONGEST].strip("!"), maxsplit=1)[0])
    return match[0] if match else ""


def _position(hidden: str, source: str, begin: int, end: int, called: str) -> int:
    """Return where in a line a call stands: with the same arguments, or by its name."""
    name = re.escape(name_of(called))
    exact = STATUS.search(called)
    patterns = [rf"\b{name}[!]?\s*(?:\(\s*)?{exact[1]}\b"] if exact and name else []
    patterns += [rf"(?<![\w$]){name}\b"] if name else []
    for pattern in (*patterns, r"\b(?:exit|die|abort|raise)\b"):
        match = re.compile(pattern).search(hidden, begin, end)
        if match:
            at = match.start()
            owner = OWNER.search(hidden[max(begin, at - LONGEST) : at])
            return at - len(owner[0]) if owner else at
    return begin + len(source[begin:end]) - len(source[begin:end].lstrip())
