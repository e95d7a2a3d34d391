"""The tokens of Rust code, without comments and white space; nothing is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

PAIRS = {")": "(", "]": "[", "}": "{"}

TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
    |(?P<comment>/\*)
    |(?P<raw>(?:[bc]?r)(?P<fence>\#*)")
    |(?P<literal>[bc]?"(?:[^"\\]|\\.)*" | b?'(?:[^'\\\n]|\\(?:u\{\w*\}|x\w\w|.))' | \d\w*)
    |(?P<lifetime>'(?:r\#)?[^\W\d]\w*)
    |(?P<word>(?:r\#)?[^\W\d]\w*)
    |(?P<mark>::|->|=>|\.\.|[-!#$%&()*+,./:;<=>?@[\]^{|}~])
    """,
    re.VERBOSE | re.DOTALL,
)
EDGE = re.compile(r"/\*|\*/")
FIRST_LINE = re.compile(r"\A\ufeff?(?:#!(?!\s*\[)[^\n]*)?")
"""A byte order mark, and how a script names its interpreter."""


class Kind(Enum):
    """What a token is, as far as it matters."""

    WORD = auto()
    """A name or a keyword."""
    MARK = auto()
    OTHER = auto()
    """A literal, a lifetime or a label."""


@dataclass(frozen=True)
class Token:
    """A token, and the line that it starts on."""

    kind: Kind
    text: str
    line: int


class SyntaxProblemError(ValueError):
    """A text is no Rust code."""


def read(text: str) -> list[Token]:
    """Return the tokens of code; raise SyntaxProblemError for what is none."""
    found = list(_tokens(text))
    _check_brackets(found)
    return found


def _tokens(text: str) -> Iterator[Token]:
    first = FIRST_LINE.match(text)
    at, line = (first.end() if first else 0), 1
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise SyntaxProblemError(f"line {line}")
        end = _end(text, found)
        kind = found.lastgroup or ""
        if kind == "word":
            yield Token(Kind.WORD, found[0].removeprefix("r#"), line)
        elif kind == "mark":
            yield Token(Kind.MARK, found[0], line)
        elif kind in ("raw", "literal", "lifetime"):
            yield Token(Kind.OTHER, text[at:end], line)
        line += text.count("\n", at, end)
        at = end


def _end(text: str, found: re.Match[str]) -> int:
    """Return where a token ends; raise SyntaxProblemError if it does not."""
    if found["comment"]:
        return _end_of_comment(text, found.start())
    if found["raw"]:
        closing = f'"{found["fence"]}'
        end = text.find(closing, found.end())
        if end < 0:
            raise SyntaxProblemError("a raw string has no end")
        return end + len(closing)
    return found.end()


def _end_of_comment(text: str, start: int) -> int:
    """Return where a comment ends, with those that are in it."""
    depth = 0
    for edge in EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    raise SyntaxProblemError("a comment has no end")


def _check_brackets(tokens: list[Token]) -> None:
    opened: list[str] = []
    for token in tokens:
        if token.kind is not Kind.MARK:
            continue
        if token.text in PAIRS.values():
            opened.append(token.text)
        elif token.text in PAIRS and (not opened or opened.pop() != PAIRS[token.text]):
            raise SyntaxProblemError(f"line {token.line}")
    if opened:
        raise SyntaxProblemError(f"{opened[-1]} is not closed")
