"""What certificates say: from when to when they are valid, and for which names (RFC 5280)."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TypeVar

PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII
)
Field = tuple[int, bytes]
"""The tag and the content of an element."""
Told = TypeVar("Told")
UTC_TIME, GENERAL_TIME, VERSION, EXTENSIONS = 0x17, 0x18, 0xA0, 0xA3
ALTERNATIVE_NAMES = b"\x55\x1d\x11"
DNS_NAME, ADDRESS = 0x82, 0x87
FORMATS = {UTC_TIME: "%y%m%d%H%M%SZ", GENERAL_TIME: "%Y%m%d%H%M%SZ"}
MOST = 8
"""A file with more is a bundle of authorities, some of which always have expired."""


def validities(pem: bytes) -> list[tuple[datetime, datetime]]:
    """Return the first and the last moment of each certificate in a file (4.1.2.5).

    There are none of a bundle, and what cannot be read is left out.
    """
    return [*_each(pem, _validity)]


def names(pem: bytes) -> list[frozenset[str]]:
    """Return the DNS names and addresses that each certificate is for, where it has some (4.2.1.6).

    There are none of a bundle, and what cannot be read is left out: clients look nowhere else.
    """
    return [*_each(pem, _names)]


def covers(known: frozenset[str], host: str) -> bool:
    """Tell whether names of a certificate are those of a host; `*` is one label (RFC 9525, 6.3)."""
    asked = host.lower().rstrip(".")
    return asked in known or f"*.{asked.partition('.')[2]}" in known


def _each(pem: bytes, read: Callable[[list[Field]], Told | None]) -> Iterator[Told]:
    found = [match[1] for match in PEM.finditer(pem)]
    for encoded in found if len(found) <= MOST else ():
        try:
            (_, whole), *_ = _parts(b64decode(encoded))
            (_, signed), *_ = _parts(whole)
            told = read([field for field in _parts(signed) if field[0] != VERSION])
        except (ValueError, IndexError, KeyError):  # such as broken Base64
            continue
        if told:
            yield told


def _validity(fields: list[Field]) -> tuple[datetime, datetime] | None:
    # The serial number, the algorithm and the issuer come before it.
    times = [
        datetime.strptime(value.decode("ascii"), FORMATS[kind]).replace(tzinfo=UTC)
        for kind, value in _parts(fields[3][1])
    ]
    return (times[0], times[1]) if len(times) == 2 else None


def _names(fields: list[Field]) -> frozenset[str] | None:
    found: set[str] = set()
    for _, extensions in (field for field in fields if field[0] == EXTENSIONS):
        for _, extension in _parts(next(_parts(extensions))[1]):
            (_, identity), *_, (_, value) = _parts(extension)
            if identity != ALTERNATIVE_NAMES:
                continue
            for kind, name in _parts(next(_parts(value))[1]):
                if kind == DNS_NAME:
                    found.add(name.decode("ascii").lower())
                elif kind == ADDRESS:
                    found.add(str(ip_address(name)))
    return frozenset(found) or None


def _parts(data: bytes) -> Iterator[Field]:
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
