"""From when to when a certificate is valid (RFC 5280, 4.1.2.5)."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime

PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII
)
UTC_TIME, GENERAL_TIME, VERSION = 0x17, 0x18, 0xA0
FORMATS = {UTC_TIME: "%y%m%d%H%M%SZ", GENERAL_TIME: "%Y%m%d%H%M%SZ"}
MOST = 8
"""A file with more is a bundle of authorities, some of which always have expired."""


def validities(pem: bytes) -> list[tuple[datetime, datetime]]:
    """Return the first and the last moment of each certificate in a file; none of a bundle.

    What cannot be read is left out.
    """
    found = [_validity(match[1]) for match in PEM.finditer(pem)]
    return [each for each in found if each] if len(found) <= MOST else []


def _validity(encoded: bytes) -> tuple[datetime, datetime] | None:
    try:
        (_, whole), *_ = _parts(b64decode(encoded))
        (_, signed), *_ = _parts(whole)
        fields = [field for field in _parts(signed) if field[0] != VERSION]
        # The serial number, the algorithm and the issuer come before it.
        times = [
            datetime.strptime(value.decode("ascii"), FORMATS[kind]).replace(tzinfo=UTC)
            for kind, value in _parts(fields[3][1])
        ]
    except (ValueError, IndexError, KeyError):  # such as broken Base64
        return None
    return (times[0], times[1]) if len(times) == 2 else None


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each element (DER, X.690); raise IndexError at a cut."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + size > len(data):
            raise IndexError
        yield tag, data[at : at + size]
        at += size
