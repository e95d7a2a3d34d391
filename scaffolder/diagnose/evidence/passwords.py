"""Passwords in URLs that would have to be percent-encoded."""

import re
from urllib.parse import quote

URL = re.compile(
    r"([a-z][a-z\d+.-]*://[^:/?#@\s]*:)([^\s]*)(@[\w.-]+(?::\d+)?(?:[/?][^@\s]*)?)", re.IGNORECASE
)
"""What is before a password, the password, and the host with what is behind it."""
RESERVED = re.compile(r"[/?#@\[\]]|%(?![\dA-Fa-f]{2})")
"""What ends the part of a URL that names a user, or begins an encoded character (RFC 3986, 2.1 and
3.2)."""
PORT = re.compile(r"\d+(?:/|$)")
LONGEST = 2000


def encoded(value: str) -> str:
    """Return a URL with its password percent-encoded; empty if that needs nothing of the kind."""
    match, marks = _read(value)
    if match is None or not marks:
        return ""
    return f"{match[1]}{quote(match[2], safe='' if '%' in marks else '%')}{match[3]}"


def reserved(value: str) -> tuple[str, ...]:
    """Return which characters in the password of a URL are to be encoded, each once."""
    return _read(value)[1]


def _read(value: str) -> tuple["re.Match[str] | None", tuple[str, ...]]:
    match = URL.fullmatch(value.strip()) if len(value) <= LONGEST else None
    if match is None or PORT.match(match[2]):
        return None, ()
    return match, tuple(dict.fromkeys(RESERVED.findall(match[2])))
