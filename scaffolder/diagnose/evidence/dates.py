"""Until when something is valid, as files and tokens say it."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

DATED = re.compile(
    r"(?<![\w.-])(?P<key>[\w.-]{0,40}(?:until|till|expir(?:es|ed|y|ation)|expire"
    r"|not[ _-]?after|valid[ _-]?(?:to|thru|through)|(?<![A-Za-z])ends?|(?<![A-Za-z])exp)"
    r"(?:[ _-]?(?:at|on|date|time))?)[\"']?\s{0,8}[:=]?\s{0,8}[\"']?"
    r"(?P<at>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?|\d{10}(?:\d{3})?(?![\d.]))",
    re.IGNORECASE,
)
"""A word for an end of validity, and a date behind it: in ISO 8601, or in seconds of POSIX."""
TOKEN = re.compile(r"\beyJ[\w-]{4,2000}\.(eyJ[\w-]{4,8000})\.[\w-]*")
"""A JSON Web Token (RFC 7519); its second part has the claims."""
MOST = 20


@dataclass(frozen=True)
class Validity:
    """The end of a validity, and by which word it is told."""

    key: str
    ends: datetime

    @property
    def day(self) -> str:
        """The day, for people."""
        return f"{self.ends:%Y-%m-%d}"


def validities(text: str) -> Iterator[Validity]:
    """Yield until when what a text describes is valid; nothing else of the text."""
    for number, match in enumerate(DATED.finditer(text)):
        ends = _moment(match["at"])
        if ends and number < MOST:
            yield Validity(match["key"].strip(), ends)
    for number, match in enumerate(TOKEN.finditer(text)):
        claims = _claims(match[1]) if number < MOST else {}
        ends = _moment(str(claims.get("exp", "")).partition(".")[0])
        if ends:
            yield Validity("exp, in a JSON Web Token", ends)


def _moment(text: str) -> datetime | None:
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text[:10]), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _claims(encoded: str) -> dict[str, object]:
    try:
        found = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
