"""A certificate or a key that is not a whole one is named, and what is no such thing is not."""

import pytest
from pems import CERTIFICATE, KEY
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.files.pems import BLOCK, flaw
from scaffolder.diagnose.verdict.judge import judge

BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----\n"
SHORT = BEGIN + b"\nMIIB\n" + END
ENCRYPTED = (
    b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    b"AAAA\n-----END RSA PRIVATE KEY-----\n"
)
OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SHORT, "is cut off: it holds 3 bytes"),
        (CERTIFICATE[:300], "has a beginning, and no end"),
        (b"\n".join(line for line in CERTIFICATE.split(b"\n") if b"MDBaM" not in line), "cut off"),
        (CERTIFICATE.replace(b"\n", b"\\n"), "no line break"),
        (CERTIFICATE.replace(b"MIIB", b"****"), "no base64"),
        (CERTIFICATE.replace(b"MIIB", b"AAAA"), "does not begin like one"),
        (BEGIN + b"\n\n" + END, "is empty"),
        (CERTIFICATE, ""),
        (b"subject=CN = tests\n" + CERTIFICATE + KEY, ""),
        (CERTIFICATE.replace(b"\n", b"\r\n"), ""),
        (CERTIFICATE + SHORT, "cut off"),
        (ENCRYPTED, ""),
        (OPENSSH, ""),
        (b"", ""),
    ],
)
def test_what_a_block_holds_is_told_apart(data: bytes, words: str) -> None:
    found = " ".join(filter(None, map(flaw, BLOCK.finditer(data))))

    assert words in found
    assert bool(found) == bool(words)


def judged(data: bytes, path: str = "/tls/tls.crt", *more: str) -> str:
    calls = (f"C\t1\t7\t7\topenat\t3\tp={path}\tx=0", *more, "X\t9\t7\t1\t0")
    trace = STARTED + "\n".join(calls)
    files = {**SERVER, path: File(data), "/etc/a": File(b"a"), "/etc/b": File(b"b")}
    return judge(case(files=files, log="startup failed", trace=trace)).cause


def test_a_broken_certificate_is_named() -> None:
    assert judged(SHORT) == "pem-broken"


def test_what_it_reads_long_before_or_of_the_system_is_not_what_it_ends_over() -> None:
    later = [f"C\t{n}\t7\t7\topenat\t3\tp=/etc/{name}\tx=0" for n, name in ((2, "a"), (3, "b"))]

    assert judged(SHORT, "/tls/tls.crt", *later) != "pem-broken"
    assert judged(SHORT, "/usr/share/ca-certificates/own.crt") != "pem-broken"
    assert judged(CERTIFICATE) != "pem-broken"
