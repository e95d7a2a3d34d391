"""Where the values come from that a condition in a source compares: a file, a variable, a peer.

Its names are followed back through plain assignments above it in the same source. That is a search
in the text: what it finds is a hint for people, and what it cannot follow is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .masking import masked
from .named_origins import READS, named

MOST_NAMES, DEEPEST, LONGEST = 24, 5, 400
NAME = re.compile(r"(?<![\w.'\"])[$@%]?(?P<name>[A-Za-z_]\w*)(?P<call>\s*\()?")
ATTRIBUTE = re.compile(r"(?<=[\w\])}])(?:\.|->)(\w+)\b(?!\s*\()")
"""What a condition asks an object for: where that is assigned, the object may have another name."""
WORDS = """
if elif else elsif unless while until case when not and or in is None True False nil null true
false undefined const let var my our new typeof await return switch match except catch test exit
die lambda then fi do done sys process exists defined isset empty len int str float Number
parseInt String
"""
KEYWORDS = frozenset(WORDS.split())


@dataclass(frozen=True)
class Origin:
    """Where a value in a condition comes from."""

    name: str
    """As the condition has it; empty where it names the origin itself."""
    kind: str
    """`file`, `variable` or `peer`."""
    what: str
    """A path, the name of a variable, or a host."""


def origins(  # noqa: PLR0913, PLR0917 - a condition, where it stands, and what is known of it
    source: str,
    language: str,
    condition: str,
    at: int,
    opened: Sequence[str] = (),
    without: str = "",
) -> tuple[Origin, ...]:
    """Return where the values come from that a condition at a place in a source compares.

    `opened` are the files that the program has opened at last: of several paths, theirs are meant.
    `without` is the name of a helper that only ends.
    """
    search = _Search(source, masked(source, language), language, at, tuple(opened))
    found: dict[tuple[str, str], Origin] = {}
    for kind, what in search.direct(condition, is_read=False):
        found.setdefault((kind, what), Origin("", kind, what))
    for name, is_call in _names(condition):
        for kind, what in () if name == without else search.of_name(name, at, is_call=is_call):
            found.setdefault((kind, what), Origin(name, kind, what))
    for name in () if found else ATTRIBUTE.findall(condition):  # `settings.mode`
        for kind, what in search.of_name(f".{name}", len(source)):
            found.setdefault((kind, what), Origin(name, kind, what))
    return tuple(found.values())


class _Search:
    def __init__(
        self, source: str, hidden: str, language: str, at: int, opened: tuple[str, ...]
    ) -> None:
        self.source, self.hidden, self.language, self.opened = source, hidden, language, opened
        self.seen: set[str] = set()
        self.limit = at

    def direct(self, text: str, *, is_read: bool) -> Iterator[tuple[str, str]]:
        """Yield the origins that a text names itself."""
        for kind, what in named(text, self.language, self.opened, is_read=is_read):
            is_own = self.language == "sh" and self._assigned(what, self.limit)
            if kind != "variable" or not is_own:
                yield kind, what

    def of_name(
        self, name: str, at: int, depth: int = 0, *, is_call: bool = False, is_read: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Yield the origins of what a name holds at a place."""
        if name in self.seen or len(self.seen) >= MOST_NAMES or depth >= DEEPEST:
            return
        self.seen.add(name)
        text = self._body(name) if is_call else self._assigned(name, at)
        if not text and not is_call:
            text, at = self._handed(name)
        if not text:
            return
        reads = is_read or bool(READS.search(text))
        found = list(self.direct(text, is_read=reads))
        yield from found
        if any(kind == "file" for kind, _ in found):
            return
        for other, is_other_call in _names(text):
            yield from self.of_name(other, at, depth + 1, is_call=is_other_call, is_read=reads)

    def _assigned(self, name: str, before: int) -> str:
        """Return what is assigned to a name last, before a place; empty if nothing is."""
        one = re.escape(name.lstrip("."))
        bound = r"(?<![\w$])" if name.startswith(".") else r"(?<![\w.$>])"
        forms = (
            (
                rf"{bound}[$@%]?{one}\b(?:\s{{0,9}},\s{{0,9}}[\w$@%]{{1,60}}+|\s{{0,9}}[\]}})]){{0,8}}+"
                r"(?:[ \t]*+:[ \t]*+[A-Za-z][\w\[\], .|]{0,80}+)?"
                r"\s*+[|:?]{0,2}=(?![=~>])(?P<value>)"
            ),
            (
                rf"(?<![\w.])[$@%]?{one}(?:->)?(?:\{{[^{{}}\n]*\}}|\[[^\[\]\n]*\])+"
                r"\s*=(?![=~>])(?P<value>)"
            ),
            rf"\bwith\s++(?P<value>[^\n]{{1,120}}?)(?<!\s)\s{{1,9}}as\s++{one}\b",
            rf"\bfor\b[\s(]*+(?:(?:my|const|let|var)\s)?\s*+[$@%]?{one}\s*+(?:in|of|\()(?P<value>)",
            rf"\bforeach\s*+\((?P<value>[^\n]{{1,120}}?)(?<!\s)\s{{1,9}}as\s++(?:\$\w+\s*=>\s*)?\${one}\b",
            rf"\bopen\s*+(?:\(\s*+)?(?:my\s++)?[$]?{one}\s*,(?P<value>)",
            rf"\bread\s+(?:-\w+\s+)*{one}\b(?P<value>)",
        )
        last: re.Match[str] | None = None
        for form in forms:
            for match in re.finditer(form, self.hidden[:before]):
                last = match if last is None or match.end() > last.end() else last
        if last is None:
            return ""
        if last["value"]:
            begin, end = last.span("value")
            return self.source[begin:end]
        return self.source[last.end() : self._end(last.end())]

    def _end(self, at: int) -> int:
        """Return where an expression ends: at a line's end or a semicolon, outside of brackets."""
        depth = 0
        for index in range(at, min(len(self.hidden), at + LONGEST)):
            char = self.hidden[index]
            depth += (char in "([{") - (char in ")]}")
            if depth < 0 or (depth == 0 and char in ";\n"):
                return index
        return min(len(self.hidden), at + LONGEST)

    def _body(self, name: str) -> str:
        """Return the beginning of a function of that name; empty if the source has none."""
        one = re.escape(name)
        form = (
            rf"\b(?:def|function|func|sub|fn)\s+(?:self\.)?{one}\b"
            rf"|(?<![\w.]){one}\s*=\s*(?:async\s*)?(?:\(|function|\w+\s*=>)"
        )
        match = re.search(form, self.hidden)
        if match is None:
            return ""
        more = re.search(
            r"\n(?:def|function|func|sub|class|async)\b|\n\}|\nend\b", self.hidden[match.end() :]
        )
        end = match.end() + (more.start() if more else LONGEST)
        closes = re.compile(r"[^\n{]*\{[^\n{}]*\}").match(self.hidden, match.end())
        end = closes.end() if closes else end
        return self.source[match.end() : min(end, match.end() + LONGEST)]

    def _handed(self, name: str) -> tuple[str, int]:
        """Return what is handed to a function for its parameter, and where; empty if to none."""
        one = re.escape(name)
        form = (
            r"\b(?:def|function|func|fn)\s+(?P<function>\w+)\s*"
            rf"\((?P<before>[^()]*?)(?<!\w)[$]?{one}\b"
        )
        match = re.search(form, self.hidden)
        if match is None:
            return "", 0
        position = match["before"].count(",")
        calls = rf"(?<!def )(?<!function )(?<!func )(?<!fn )\b{re.escape(match['function'])}\s*\("
        call = re.search(calls, self.hidden)
        if call is None:
            return "", 0
        inside = self.source[call.end() : self._end(call.end())]
        given = inside.split(",")
        return given[position] if position < len(given) else inside, call.start()


def _names(text: str) -> list[tuple[str, bool]]:
    """Return the names in a text, without its strings, and whether they are called."""
    plain = re.sub(r"'(?:\\.|[^'\\])*'", "''", text)
    if "$" not in text:
        plain = re.sub(r'"(?:\\.|[^"\\])*"', '""', plain)
    found = {match["name"]: bool(match["call"]) for match in NAME.finditer(plain)}
    return [(name, is_call) for name, is_call in found.items() if name not in KEYWORDS]
