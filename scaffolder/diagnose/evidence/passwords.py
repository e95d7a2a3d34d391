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
    match = URL.fullmatch(value.strip()) if len(value) <= LONGEST else None
    if match is None or not RESERVED.search(match[2]) or PORT.match(match[2]):
        return ""
    is_partly = not re.search(r"%(?![\dA-Fa-f]{2})", match[2])
    return f"{match[1]}{quote(match[2], safe='%' if is_partly else '')}{match[3]}"
