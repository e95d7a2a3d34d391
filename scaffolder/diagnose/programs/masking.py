"""A source without what its texts and comments hold: as long as before, so that places stay."""

import re

ENDINGS = {
    ".py": "python", ".js": "node", ".cjs": "node", ".mjs": "node", ".ts": "node", ".rb": "ruby",
    ".pl": "perl", ".pm": "perl", ".php": "php", ".sh": "sh", ".bash": "sh", ".java": "java",
    ".go": "go",
}  # fmt: skip
"""The language of a file, by its ending."""
BRACES = frozenset({"node", "perl", "php", "java", "go"})
"""Languages in which braces hold statements together."""
DOUBLE = r'"(?:\\.|[^"\\])*"'
SINGLE = r"'(?:\\.|[^'\\])*'"
BACKTICKS = r"`(?:\\.|[^`\\])*`"
HASH = r"(?:(?<=\s)|^)#[^\n]*"
SLASHES = r"(?<!:)//[^\n]*|/\*.*?\*/"
PATTERN = (
    r"(?P<before>[=(,:!&|?{};~]\s*)"
    r"(?P<pattern>/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/)"
)
"""A regular expression, which only stands where no division can."""
KINDS = {
    "python": (r'""".*?"""', r"'''.*?'''", HASH, DOUBLE, SINGLE),
    "node": (SLASHES, DOUBLE, SINGLE, BACKTICKS, PATTERN),
    "java": (SLASHES, DOUBLE, SINGLE),
    "go": (SLASHES, DOUBLE, SINGLE, r"`[^`]*`"),
    "php": (SLASHES, HASH, DOUBLE, SINGLE),
    "perl": (HASH, DOUBLE, SINGLE, PATTERN),
    "ruby": (HASH, DOUBLE, SINGLE, PATTERN),
    "sh": (HASH, DOUBLE, r"'[^']*'"),
}
TOKENS = {
    language: re.compile("|".join(kinds), re.DOTALL | re.MULTILINE)
    for language, kinds in KINDS.items()
}


def masked(source: str, language: str) -> str:
    """Return a source in which texts are `_` between their quotes, and comments are blank."""
    return TOKENS[language].sub(_hidden, source) if language in TOKENS else source


def _hidden(match: "re.Match[str]") -> str:
    groups = match.groupdict()
    before, text = groups.get("before") or "", groups.get("pattern") or match[0]
    if text[0] in "\"'`" or before:
        return f"{before}{text[0]}{_blank(text[1:-1], '_')}{text[-1]}"
    return _blank(text, " ")


def _blank(text: str, by: str) -> str:
    return re.sub(r"[^\n]", by, text)
