"""Parsers of the settings, whose names and forms are those of OpenTelemetry."""

import re
import ssl
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PAIR = re.compile(r"[ \t]*[!#-'*+.0-9A-Z^-z|~-]+[ \t]*=[ !#-+\--:<-\[\]-~]*")
_SHARE = re.compile(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?")


def endpoint(raw: str) -> str:
    """Accept the base of a collector's address."""
    accepted = "an address like http://collector:4318, without user, query and fragment"
    try:
        url = urlsplit(raw)
        wrong = url.username or url.password or url.query or url.fragment or url.port == 0
    except ValueError as error:
        raise ValueError(accepted) from error
    printable = raw.isascii() and raw.isprintable() and " " not in raw
    if wrong or not printable or url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(accepted)
    return raw.rstrip("/")


def authorities(raw: str) -> str:
    """Accept a file of the authorities from which the certificate of a collector may come."""
    accepted = "a file of certificates in PEM"
    try:
        is_file = stat.S_ISREG(Path(raw).stat().st_mode)
        if is_file:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(raw)
    except ssl.SSLError as error:
        raise ValueError(f"{accepted} (it has none, or one that cannot be read)") from error
    except OSError as error:
        raise ValueError(f"{accepted} ({error.strerror})") from error
    if not is_file:
        raise ValueError(f"{accepted} (it is no file)")
    return raw


def headers(raw: str) -> tuple[tuple[str, str], ...]:
    """Accept headers as OpenTelemetry writes them."""
    return _pairs(raw, "headers")


def attributes(raw: str) -> tuple[tuple[str, str], ...]:
    """Accept attributes of what makes the spans."""
    return _pairs(raw, "attributes")


def _pairs(raw: str, what: str) -> tuple[tuple[str, str], ...]:
    parts = raw.split(",")
    if not all(_PAIR.fullmatch(part) for part in parts):
        raise ValueError(f"{what} like name=value, comma-separated; special characters as %2C")
    pairs = (part.partition("=") for part in parts)
    return tuple((name.strip(), unquote(value.strip())) for name, _, value in pairs)


def share(raw: str) -> float:
    """Accept a share of all."""
    if not _SHARE.fullmatch(raw):
        raise ValueError("a number from 0 to 1, like 0.25")
    return float(raw)
