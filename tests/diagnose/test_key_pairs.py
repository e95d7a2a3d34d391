"""A private key that does not belong to the certificate that is read with it is named."""

from pathlib import Path

import pytest
from pems import CERTIFICATE, KEY, OTHER
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.key_pairs import fits

ENDS = "X\t9\t7\t1\t0"


def said_of(key: bytes, *more: str) -> str:
    files = {"/tls/tls.crt": File(CERTIFICATE), "/tls/tls.key": File(key)}
    opened = [f"C\t{n}\t7\t7\topenat\t3\tp={path}\tx=0" for n, path in enumerate(files)]
    calls = "".join(f"{line}\n" for line in (*opened, *more))
    trace = f"{STARTED}{calls}{ENDS}"
    return judge(case(files={**SERVER, **files}, log="startup failed", trace=trace)).cause


def test_a_key_of_another_certificate_is_named() -> None:
    assert said_of(OTHER) == "key-of-another-certificate"


def test_a_key_that_fits_is_no_cause() -> None:
    assert said_of(KEY) != "key-of-another-certificate"


def test_a_call_that_failed_afterwards_says_more() -> None:
    lost = "C\t5\t7\t7\topenat\t-2\tp=/etc/app/rates.csv\tx=0"

    assert said_of(OTHER, lost) == "file-missing"


def test_what_is_no_key_tells_nothing() -> None:
    broken = KEY.replace(b"M", b"-")
    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjMF8GCSqGSIb3DQEF\n-----END ENCRYPTED PRIVATE KEY-----\n"

    assert fits(CERTIFICATE, broken) is None
    assert fits(CERTIFICATE, encrypted) is None
    assert fits(CERTIFICATE, b"") is None
    assert fits(CERTIFICATE, KEY) is True


def test_nothing_of_a_key_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    assert fits(CERTIFICATE, OTHER) is False
    assert not list(tmp_path.iterdir())
