"""Text of programs, made safe to show: no terminal escapes, no secrets.

`redaction_rules.py` defines what a secret looks like; the stage `logging` of generated services has
the same file. What it finds is redacted here wherever else it appears, too.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .redaction_rules import HIDDEN, TOKEN, in_text, is_secret, without_marked
from .text import printable_patch

Clean = Callable[[str], str]

SHORT = 3
"""Values of this length are not redacted elsewhere: they occur everywhere, and protect nothing."""
WORD = 8
"""Shorter values are redacted only as whole words."""
BEGINNING = 12
"""The first characters of a longer value, which identify it where a text was cut."""
MOST = 500
SCANNED = 256 * 1024
"""How much of the end of a log is searched for secrets that may appear elsewhere."""
_BEFORE = re.compile(
    r"(?:(?:bearer|basic|digest|negotiate|token)\s+)?(?:b?\\{0,3}[\"'])?", re.IGNORECASE
)
PLAIN = {"true", "false", "none", "null"}


def cleaner(env: Mapping[str, str], texts: Iterable[str] = (), public: str = "") -> Clean:
    """Return a function that makes a text safe to show.

    Values of secret names in `env`, and the secrets that its other values and `texts` show, are
    redacted wherever they appear; words of `public`, the names of the targets, are no secrets.
    """
    known = {value for name, value in env.items() if is_secret(name)}
    for text in (*env.values(), *texts):
        known |= shown_in(text[-SCANNED:])
    anywhere = _anywhere(known - PLAIN - set(re.findall(r"\w+", public)))

    def clean(text: str) -> str:
        hidden = in_text(text)
        return printable_patch(anywhere.sub(HIDDEN, hidden) if anywhere else hidden)

    return clean


def shown_in(text: str) -> set[str]:
    """Return the credentials that `text` shows, to redact them wherever else they appear."""
    marked: list[str] = []
    rest = without_marked(text, marked.append)
    bare = {_BEFORE.sub("", secret, count=1).rstrip("\\\"'") for secret in marked}
    return bare.union(TOKEN.findall(rest))


def _anywhere(secrets: set[str]) -> "re.Pattern[str] | None":
    """Return a pattern of all secrets, as they appear in text, JSON and URLs."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) > SHORT}
    kept = sorted(forms - {HIDDEN}, key=len, reverse=True)[:MOST]
    return re.compile("|".join(map(_pattern, kept))) if kept else None


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret))
    yield from (line.strip() for line in secret.splitlines() if len(line.strip()) > WORD)


def _pattern(secret: str) -> str:
    if len(secret) < WORD:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    if len(secret) <= BEGINNING:
        return re.escape(secret)
    return rf"{re.escape(secret[:BEGINNING])}(?:{re.escape(secret[BEGINNING:])}|[^\s\"']*+)"


def cleaned(value: Any, clean: Clean) -> Any:  # noqa: ANN401 - a JSON document
    """Clean every text of a document."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: cleaned(item, clean) for key, item in value.items()}
    return [cleaned(item, clean) for item in value] if isinstance(value, list | tuple) else value
