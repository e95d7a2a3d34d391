"""A source without what its texts and comments hold: as long as before, so that places stay."""

import re
from functools import cache

ENDINGS = {
    ".py": "python", ".js": "node", ".cjs": "node", ".mjs": "node", ".ts": "node", ".rb": "ruby",
    ".pl": "perl", ".pm": "perl", ".php": "php", ".sh": "sh", ".bash": "sh", ".java": "java",
    ".go": "go",
}  # fmt: skip
"""The language of a file, by its ending."""
BRACES = frozenset({"node", "perl", "php", "java", "go"})
"""Languages in which braces hold statements together."""
OPEN = r"(?P<open>\\?\Z)"
"""The end of the source, where a text or a comment is not closed."""
DOUBLE = rf'"(?:\\.|[^"\\])*+(?:"|{OPEN})'
SINGLE = rf"'(?:\\.|[^'\\])*+(?:'|{OPEN})"
BACKTICKS = rf"`(?:\\.|[^`\\])*+(?:`|{OPEN})"
HASH = r"(?:(?<=\s)|^)#[^\n]*"
SLASHES, STARS = r"(?<!:)//[^\n]*", rf"/\*.*?(?:\*/|{OPEN})"
PATTERN = (
    r"(?P<before>[=(,:!&|?{};~]\s*+)"
    r"(?P<pattern>/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}+\]|[^/\\\n\[]){1,400}+/)"
)
"""A regular expression, which only stands where no division can."""
KINDS = {
    "python": (rf'""".*?(?:"""|{OPEN})', rf"'''.*?(?:'''|{OPEN})", HASH, DOUBLE, SINGLE),
    "node": (SLASHES, STARS, DOUBLE, SINGLE, BACKTICKS, PATTERN),
    "java": (SLASHES, STARS, DOUBLE, SINGLE),
    "go": (SLASHES, STARS, DOUBLE, SINGLE, rf"`[^`]*+(?:`|{OPEN})"),
    "php": (SLASHES, STARS, HASH, DOUBLE, SINGLE),
    "perl": (HASH, DOUBLE, SINGLE, PATTERN),
    "ruby": (HASH, DOUBLE, SINGLE, PATTERN),
    "sh": (HASH, DOUBLE, rf"'[^']*+(?:'|{OPEN})"),
}


def masked(source: str, language: str) -> str:
    """Return a source in which texts are `_` between their quotes, and comments are blank.

    Where one of a kind is not closed, none of that kind is closed after it: they are left out from
    there on, so that the time is linear in the source.
    """
    kinds, parts, at = KINDS.get(language, ()), list[str](), 0
    while kinds:
        begin, left = at, None
        for match in _tokens(kinds).finditer(source, begin):
            if (match.lastgroup or "").startswith("open"):
                left = int((match.lastgroup or "")[len("open") :])
                break
            parts += source[at : match.start()], _hidden(match)
            at = match.end()
        if left is None:
            break
        kinds = kinds[:left] + kinds[left + 1 :]
    return "".join((*parts, source[at:]))


@cache
def _tokens(kinds: tuple[str, ...]) -> "re.Pattern[str]":
    numbered = (kind.replace("<open>", f"<open{number}>") for number, kind in enumerate(kinds))
    return re.compile("|".join(numbered), re.DOTALL | re.MULTILINE)


def _hidden(match: "re.Match[str]") -> str:
    groups = match.groupdict()
    before, text = groups.get("before") or "", groups.get("pattern") or match[0]
    if text[0] in "\"'`" or before:
        return f"{before}{text[0]}{_blank(text[1:-1], '_')}{text[-1]}"
    return _blank(text, " ")


def _blank(text: str, by: str) -> str:
    return re.sub(r"[^\n]", by, text)
