"""Programs that end by themselves over a call that failed, with 0 or not, and those that go on."""

from typing import Any

import pytest
from recorded import case, folder

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.wanted import wanted

REFUSED = "C\t{}\t7\t7\tconnect\t-111\ta=inet:127.0.0.1:5432\tf=3:socket:[{}]"
MISSING = "C\t2\t7\t7\topenat\t-2\tp=/etc/app.toml\tx=0"
OUTPUT = "C\t{}\t7\t7\topenat\t3\tp=/data/out\tx=41"
AGAIN = tuple(REFUSED.format(100 * n, n) for n in range(1, 16))


def ended(*records: str, status: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a silent container whose copy did these things, and exited."""
    trace = STARTED + "\n".join([*records, f"X\t1600\t7\t{status}\t0"])
    return {"files": SERVER, "exit_code": status, "trace": trace, **more}


def last(*calls: str) -> str:
    return "\t".join(("L", "9", "7", *calls))


SHELL = (
    "N\t1\t8\t7", "P\t1\t8\t/bin/cat\tcat", "C\t2\t8\t8\topenat\t-2\tp=/run/ready\tx=0",
    "L\t3\t8\topenat=-2\twrite=20", "X\t3\t8\t1\t0",
)  # fmt: skip
SLEEPS = ("N\t4\t9\t7", "P\t4\t9\t/bin/sleep\tsleep\\x000.1", "X\t104\t9\t0\t0")
WORKS = ("N\t4\t9\t7", "P\t4\t9\t/bin/tar\ttar", "X\t104\t9\t0\t0")
NOTES = {
    "once": ((REFUSED.format(1, 1),), "127.0.0.1:5432 refused the connection"),
    "again and again": (AGAIN, "127.0.0.1:5432 refused the connection, 15 times in 1.4 s"),
    "a file": ((MISSING, last("openat=-2")), "openat('/etc/app.toml'): no such file or directory"),
    "a descriptor that was never given": (
        (MISSING, "C\t3\t7\t7\tlseek\t-9\tf=-1:", last("openat=-2", "lseek=-9")),
        "openat('/etc/app.toml'): no such file or directory",
    ),
    "a name": (
        tuple(f"C\t{n}00\t7\t7\tresolve\t0\tn=db" for n in range(1, 6)),
        "db was asked for (a copy has no network), 5 times in 0.4 s",
    ),
    "a name, once": (
        tuple(f"C\t{n}\t7\t7\tresolve\t0\tn=db" for n in range(1, 6)),
        "db was asked for (a copy has no network)",
    ),
    "a child of a shell": ((*SHELL, *SLEEPS), "openat('/run/ready'): no such file or directory"),
}
"""What a job that ended with 0 did, and what is said of it."""


@pytest.mark.parametrize("name", NOTES)
def test_a_silent_job_that_ends_with_0_is_well_with_a_note(name: str) -> None:
    records, note = NOTES[name]
    found = judge(case(**ended(*records)))

    assert found.verdict == "healthy"
    assert found.text.endswith(f"what it tried last, before that, failed: {note}")
    assert [e.source for e in found.evidence] == ["inspect", "inspect", "rerun"]


GONE_ON = {
    "opens its output": (MISSING, OUTPUT.format(3)),
    "writes to what is open": (
        OUTPUT.format(1),
        MISSING,
        last("openat=-2", "write=512", "close=0"),
    ),
    "receives": (MISSING, last("openat=-2", "recvfrom=80")),
    "has written": (OUTPUT.format(1), REFUSED.format(2, 1), last("connect=-111")),
    "nothing failed": (OUTPUT.format(1),),
    "runs another program": (*SHELL, *WORKS),
}


@pytest.mark.parametrize("name", GONE_ON)
def test_a_job_that_went_on_is_well_without_a_note(name: str) -> None:
    found = judge(case(**ended(*GONE_ON[name])))

    assert found.verdict == "healthy"
    assert found.text.endswith("nothing says it should stay up")


def test_a_server_that_ends_with_0_is_no_job() -> None:
    found = judge(case(**ended(MISSING), log="listening on port 8080\n"))

    assert (found.cause, found.verdict) == ("file-missing", "likely")


@pytest.mark.parametrize(
    ("records", "cause", "words"),
    [
        (AGAIN, "connection-refused", "15 times in 1.4 s"),
        ((MISSING,), "file-missing", "/etc/app.toml"),
        ((*SHELL, *SLEEPS), "last-call", "/run/ready"),
    ],
)
@pytest.mark.parametrize("status", [0, 1])
def test_what_is_restarted_or_ends_with_1_ended_over_it(
    records: tuple[str, ...], cause: str, words: str, status: int
) -> None:
    if cause == "last-call" and status:
        return
    found = judge(case(**ended(*records, status=status, config={"restart": "always"})))

    assert (found.cause, found.verdict) == (cause, "likely")
    assert words in found.evidence[0].found


LOCK = (
    "N\t1\t8\t7", "P\t1\t8\t/usr/bin/mkdir\tmkdir\\x00/state/.active",
    "C\t2\t8\t8\tmkdir\t-17\tp=/state/.active", "X\t3\t8\t1\t0",
)  # fmt: skip
FREE = ("C\t2\t7\t7\tmkdir\t-17\tp=/state/.active",)
VOLUME = Mount("volume", "/v/state", "/state", name="state")


@pytest.mark.parametrize(
    ("records", "others", "is_tried"),
    [
        (LOCK, (), True),
        (FREE, (), True),
        ((*LOCK, *WORKS), (), False),
        ((*FREE, "C\t3\t7\t7\topenat\t3\tp=/data/out\tx=41"), (), False),
        (LOCK, (Neighbour("active", "running", mounts=(VOLUME,)),), False),
        (LOCK, (Neighbour("gone", "exited", mounts=(VOLUME,)),), True),
    ],
    ids=["shell", "itself", "works-on", "opens", "another-one-works", "gone"],
)
def test_a_lock_that_is_there_already_is_hidden_from_a_copy_unless_another_one_holds_it(
    records: tuple[str, ...], others: tuple[Neighbour, ...], *, is_tried: bool
) -> None:
    files = {**SERVER, "/state/.active": folder()}
    config = {"mounts": (VOLUME,)}
    of = case(**ended(*records, files=files, config=config, sources={"around": others}))

    assert [factor.name for factor in wanted(of)] == ["nothing in /state"] * is_tried
