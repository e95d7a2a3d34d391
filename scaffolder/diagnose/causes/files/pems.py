"""A certificate or a key that is no whole one: its PEM block is cut off, or no base64."""

import base64
import binascii
import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, seen
from scaffolder.diagnose.evidence.files import SYSTEM
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

from .key_pairs import files_read

LABEL = (
    rb"(?:CERTIFICATE(?: REQUEST)?|X509 CRL|(?:(?:RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY"
    rb"|(?:RSA )?PUBLIC KEY)"
)
"""Blocks that hold a sequence in DER, and nothing after it."""
BLOCK = re.compile(
    rb"-----BEGIN (?P<label>%s)-----(?P<body>.*?)"
    rb"(?P<end>-----END (?P=label)-----|(?=-----BEGIN )|\Z)" % LABEL,
    re.DOTALL,
)
HEADER = re.compile(rb"^\s*[\w-]+: ")
"""What an encrypted key of the old form has first: its content is no DER."""
SEQUENCE, LONG_FORM = 0x30, 0x80
LAST = 2
"""How many of the files that it read last are looked at: a certificate and its key."""


@cause(
    "pem-broken",
    "a certificate or a key that the program reads is not a whole one",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["said-why", "certificate", "ends-itself", "last-call", "key-of-another-certificate"],
)
def pem_broken(case: Case) -> Found | None:
    """Find, among the files that a program read last, a PEM block that no one can decode."""
    process = case.seen.decider
    if process is None or not process.failed or case.seen.failed_call:
        return None
    read = [each for each in files_read(case, process.number) if not SYSTEM.match(each[0].path)]
    broken = list(_broken(read[-LAST:]))
    if not broken:
        return None
    call, words = broken[0]
    others = "".join(f", and {other.path}: {its}" for other, its in broken[1:])
    return Found(
        f"{call.path}, which the program reads before it ends, is broken: {words}{others}",
        "put the whole file there, as it was issued, and compare its checksum",
        (
            seen(case, call),
            *(content(case, other.path, its) for other, its in broken),
            ended(case),
        ),
        (f"openssl asn1parse -in {quoted(call.path)}",),
    )


def _broken(read: list[tuple[Call, bytes]]) -> Iterator[tuple[Call, str]]:
    for call, data in read:
        flaws = (flaw(match) for match in BLOCK.finditer(data))
        if words := next(filter(None, flaws), ""):
            yield call, words


def flaw(block: "re.Match[bytes]") -> str:
    """Return what is wrong with a PEM block, in words; empty if nothing is."""
    name, body = block["label"].decode(), block["body"]
    if HEADER.match(body):
        return ""
    if not block["end"]:
        return f"its block {name} has a beginning, and no end"
    if b"\n" not in body:
        return f"its block {name} has no line break after its first line"
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return f"what its block {name} holds is no base64"
    return _flaw_of_der(name, der)


def _flaw_of_der(name: str, der: bytes) -> str:
    if not der:
        return f"its block {name} is empty"
    if der[0] != SEQUENCE:
        return f"what its block {name} holds is none: it does not begin like one"
    states = _size(der)
    if states is None or len(der) < states:
        said = f" of {states}" if states else ""
        return f"its block {name} is cut off: it holds {len(der)}{said} bytes"
    return ""


def _size(der: bytes) -> int | None:
    """Return how long a value in DER says that it is, with its own head; None if cut before."""
    if len(der) < LAST:
        return None
    if der[1] < LONG_FORM:
        return der[1] + 2
    head = 2 + (der[1] & (LONG_FORM - 1))
    return int.from_bytes(der[2:head], "big") + head if len(der) >= head else None
