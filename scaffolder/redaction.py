"""Text of programs, made safe to show: no terminal escapes, no secrets.

`redaction_rules.py` defines what a secret looks like; the stage `logging` of generated services has
the same file. What it finds is redacted here wherever else it appears, too.
"""

import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
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
REASONS = "|".join(
    sorted({re.escape(os.strerror(number)) for number in errno.errorcode}, key=len, reverse=True)
)
"""What the system says of a file, after its name: of `master_key` as of any other."""


def cleaner(
    env: Mapping[str, str], texts: Iterable[str] = (), public: str = "", own: str = REASONS
) -> Clean:
    """Return a function that makes a text safe to show.

    Values of secret names in `env`, and the secrets that its other values and `texts` show, are
    redacted wherever they appear; words of `public`, the names of the targets, are no secrets, and
    neither is what matches `own` and follows a name and a colon.
    """
    known = {value for name, value in env.items() if is_secret(name)}
    for text in (*env.values(), *texts):
        known |= shown_in(text[-SCANNED:])
    anywhere = _anywhere(known - PLAIN - set(re.findall(r"\w+", public)))

    def clean(text: str) -> str:
        hidden = _without_own(text, in_text, own)
        return printable_patch(anywhere.sub(HIDDEN, hidden) if anywhere else hidden)

    return clean


def shown_in(text: str) -> set[str]:
    """Return the credentials that `text` shows, to redact them wherever else they appear."""
    marked: list[str] = []
    rest = _without_own(text, lambda kept: without_marked(kept, marked.append), REASONS)
    bare = {_BEFORE.sub("", secret, count=1).rstrip("\\\"'") for secret in marked}
    return bare.union(TOKEN.findall(rest))


def _without_own(text: str, redact: Clean, own: str) -> str:
    """Redact a text in which some words are no values, whatever name they follow.

    They are taken out before, and put back where they were not part of a secret.
    """
    kept: list[str] = []

    def take(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f" none \0{len(kept) - 1}\0"  # plain words, such as none, are not redacted

    def put_back(match: re.Match[str]) -> str:
        at = int(match[1])  # or the text itself has such a mark
        return kept[at] if at < len(kept) else match[0]

    return re.sub(r" none \0(\d{1,6})\0", put_back, redact(_no_values(own).sub(take, text)))


@cache
def _no_values(words: str) -> "re.Pattern[str]":
    """Match the words after a colon, and the dots that stand for a value: `-e TOKEN=...`."""
    return re.compile(rf"(?<=:) ?(?:{words})(?![\w.-])|(?<==)\.{{3}}(?![\w.-])", re.IGNORECASE)


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
