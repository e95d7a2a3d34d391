"""Variables that a script does without: it reads them with a default."""

import re

READS = (
    r"(?:process\.env\.|process\.env\[['\"]|ENV\[['\"]|(?P<fetch>ENV\.fetch\(['\"])|getenv\(['\"]"
    r"|\$ENV\{['\"]?)(?P<name>[A-Z][A-Z0-9_]+)"
)
"""How Node, Ruby, PHP and Perl read a variable."""
NO_VALUE = (
    r"(?!(?:''|\"\"|null\b|nil\b|undef\b|undefined\b|false\b)\s*(?:[;,)}\n]|$)|!"
    r"|(?:die|raise|abort|exit|throw|croak|confess|fail|fatal|panic|usage|process\.exit)\b)"
)
"""What is no default: an empty text, an end, or one condition more (`!A || !B`)."""
OR = {
    "node": r"(?:\|\||\?\?)=?",
    "ruby": r"\|\|=?",
    "php": r"(?:\?:|\?\?=?)",
    "perl": r"(?:\|\||//)=?",
}
CLOSES = r"['\"\])}]*+\s*+"


def read_variables(language: str, script: str) -> dict[str, bool]:
    """Return the variables that a script reads, and whether it needs them: some have a default."""
    needed: dict[str, bool] = {}
    default = re.compile(rf"{CLOSES}{OR.get(language, '(?!)')}\s*+{NO_VALUE}")
    fetched = re.compile(rf"['\"]\s*(?:,\s*+{NO_VALUE}|\)\s*(?:\{{|do\b)\s*+{NO_VALUE})")
    for match in re.finditer(READS, script):
        after = (default, fetched) if match["fetch"] else (default,)
        has_default = any(pattern.match(script, match.end()) for pattern in after)
        needed[match["name"]] = needed.get(match["name"], False) or not has_default
    return needed
