"""Private keys that are encrypted, where nobody gives the passphrase."""

import pytest
from pems import KEY
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.judge import judge

PKCS8 = KEY.replace(b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY")
OLD = KEY.replace(
    b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1
)
READS = "C\t1\t7\t7\topenat\t3\tp=/tls/tls.key\tx=0\n"
ASKS = "C\t2\t7\t7\topenat\t-6\tp=/dev/tty\tx=0\n"


@pytest.mark.parametrize(
    ("key", "calls", "status", "is_told"),
    [
        (PKCS8, READS + ASKS, 1, True),
        (OLD, READS + ASKS, 1, True),
        (PKCS8, READS, 1, True),
        (KEY, READS + ASKS, 1, False),
        (PKCS8, ASKS + READS, 0, False),
        (PKCS8, f"{READS}C\t2\t7\t7\topenat\t-2\tp=/etc/app.conf\tx=0\n", 1, False),
    ],
    ids=["asks", "the old form", "reads it last", "not encrypted", "goes well", "lacks a file"],
)
def test_an_encrypted_key_that_is_read_before_the_end_is_told(
    key: bytes, calls: str, status: int, *, is_told: bool
) -> None:
    trace = f"{STARTED}{calls}X\t9\t7\t{status}\t0"
    files = {**SERVER, "/tls/tls.key": File(key)}
    found = judge(case(files=files, trace=trace, exit_code=status))

    assert (found.cause == "key-encrypted") is is_told, found
    assert not is_told or ("/dev/tty" in found.text) is (ASKS in calls)
