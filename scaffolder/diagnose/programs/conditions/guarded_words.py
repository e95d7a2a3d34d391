"""The condition around an end in a language of words: a shell's script, or Ruby."""

import re
from dataclasses import dataclass

Span = tuple[int, int, bool]
AT_BEGIN = r"(?:^|(?<=[\n;{(=|&])|\bthen\b|\bdo\b|\belse\b|!)[ \t\r]*"
WORDS = {
    "sh": re.compile(
        rf"{AT_BEGIN}(?P<opens>if|case|while|until|for|select)\b"
        rf"|{AT_BEGIN}(?P<turns>elif|else)\b"
        rf"|{AT_BEGIN}(?P<closes>fi|esac|done)\b"
        r"|(?P<brace>(?<![$\w])\{(?=\s))|(?<=[\s;])(?P<braced>\})(?=[\s;]|$)",
    ),
    "ruby": re.compile(
        rf"{AT_BEGIN}(?P<opens>if|unless|while|until|case|begin|def|class|module|for)\b"
        r"|(?P<do>\bdo\b)|"
        rf"{AT_BEGIN}(?P<turns>elsif|else|when|in|rescue|ensure)\b"
        rf"|{AT_BEGIN}(?P<closes>end)\b"
        r"|(?P<brace>\{)|(?P<braced>\})",
    ),
}
CONDITIONS = {"if", "unless", "while", "until", "case", "elif", "elsif", "when", "rescue"}
FUNCTIONS = {"def", "{"}
ENDS_HEAD = re.compile(r"[;\n]|\s(?:then|do)\b")
OPERATOR = re.compile(r"\|\||&&|\?|(?<!\w)(?:or|and)(?!\w)")
POSTFIX = re.compile(r"[^\n;]*?\s(?:if|unless)\s[^;\n]*")
STATEMENT = re.compile(r"[\n;]|\b(?:then|do|else)\b|(?<!\S)\{(?=\s)|[^\s;]\)(?=\s)")
LONGEST = 400
"""Of how much of a line the head of its loop is looked for."""
LEAVES = re.compile(r"\b(?:return|next|break|continue|exec)\b")


@dataclass
class Block:
    """What is open at a place."""

    kind: str
    begin: int
    turned: str = ""
    """The branch of it: `else`."""
    at: int = -1
    """Where that begins."""


def span(hidden: str, at: int, language: str) -> Span | None:
    """Return where the condition around a place begins and ends, and whether it did not hold."""
    starts = [0, *(m.end() for m in STATEMENT.finditer(hidden, 0, at))]
    line_end = re.compile(r"$", re.MULTILINE).search(hidden, at)
    after = POSTFIX.match(hidden, at) if language == "ruby" else None
    if after:
        return at, after.end(), False
    operator = OPERATOR.search(hidden, starts[-1], at)
    if operator:
        return starts[-1], line_end.start() if line_end else len(hidden), False
    for block in reversed(_open(hidden, at, language)):
        found = _of_block(hidden, block)
        if found:
            return found
        if block.kind in FUNCTIONS:
            return _left_before(hidden, block.begin, at)
    return _left_before(hidden, 0, at) if language == "sh" else None


def _open(hidden: str, at: int, language: str) -> list[Block]:
    """Return the blocks that are open at a place, the outermost first."""
    found: list[Block] = []
    for match in WORDS[language].finditer(hidden, 0, at):
        kind = match.lastgroup or ""
        place = match.start(kind)
        if kind == "opens":
            found.append(Block(match[kind], place))
        elif kind == "brace":
            found.append(Block("{", place))
        elif kind == "do":
            begin = max(place - LONGEST, 0)
            line = hidden[max(hidden.rfind("\n", 0, place) + 1, begin) : place]
            if not re.search(r"(?:^|;)\s*(?:while|until|for)\b", line):
                found.append(Block("do", place))
        elif kind == "turns" and found:
            found[-1].turned, found[-1].at = match[kind], place
        elif kind in {"closes", "braced"} and found:
            found.pop()
    return found


def _of_block(hidden: str, block: Block) -> Span | None:
    if block.kind == "{":
        line = hidden.rfind("\n", 0, block.begin) + 1
        begin = max([line, *(m.end() for m in STATEMENT.finditer(hidden, line, block.begin))])
        is_asked = OPERATOR.search(hidden, begin, block.begin)
        return (begin, block.begin, False) if is_asked else None
    is_else = block.turned == "else"
    kind, begin = (
        (block.turned, block.at) if block.turned and not is_else else (block.kind, block.begin)
    )
    if kind not in CONDITIONS or (kind == "while" and is_else):
        return None
    ends = ENDS_HEAD.search(hidden, begin)
    end = len(hidden[begin : ends.start() if ends else len(hidden)].rstrip()) + begin
    is_endless = re.fullmatch(r"while\s+(?:true|:|1)", hidden[begin:end])
    return None if is_endless else (begin, end, is_else)


def _left_before(hidden: str, begin: int, at: int) -> Span | None:
    """Return the last line before a place, in the same block, that may leave it."""
    lines = [*re.finditer(r"[^\n;]+[^\n]*", hidden[begin:at])]
    for match in reversed(lines[:-1]):
        text = match[0]
        leaves = LEAVES.search(text)
        if leaves and re.search(r"\b(?:if|unless)\b|&&|\|\|", text):
            return begin + match.start(), begin + match.end(), True
    return None
