"""Files that a program does not use because others may read them."""

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.verdict.closed import closed
from scaffolder.diagnose.verdict.factor import Factor

KEY = "/app/orders.key"
ASKED = f"C\t1\t7\t7\tnewfstatat\t0\tp={KEY}\n"
READ = f"C\t1\t7\t7\topenat\t3\tp={KEY}\tx=0\n"


def tried(mode: int, record: str = ASKED, size: int = 6, **config: object) -> list[Factor]:
    files = {**SERVER, KEY: File(b"s" * size, mode)}
    trace = f"{STARTED}{record}X\t2\t7\t3\t0"
    return list(closed(case(files=files, exit_code=3, trace=trace, config=config)))


@pytest.mark.parametrize("record", [ASKED, READ], ids=["asked for", "read"])
def test_a_file_that_others_may_read_is_closed_to_them(record: str) -> None:
    (factor,) = tried(0o644, record, user="1000:1000")

    assert (factor.files, factor.mode, factor.owner) == ({KEY: b"ssssss"}, 0o600, (1000, 1000))
    assert factor.cure
    assert "others may read it (mode 0644)" in factor.cure.text
    assert "COPY --chmod=0600" in factor.cure.fix


def test_a_file_that_is_mounted_is_copied_at_the_start() -> None:
    (factor,) = tried(0o440, mounts=(Mount("bind", "/srv/orders.key", KEY),))

    assert factor.cure
    assert factor.cure.fix.startswith("make a copy at the start")


@pytest.mark.parametrize(
    ("mode", "record", "size"),
    [(0o600, ASKED, 6), (0o644, "", 6), (0o644, ASKED, 65537)],
    ids=["is closed", "is not asked for", "is large"],
)
def test_others_stay_as_they_are(mode: int, record: str, size: int) -> None:
    assert not tried(mode, record, size)
