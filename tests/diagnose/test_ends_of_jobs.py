"""Ends with 0 that are none of a job: it was refused room, or says that it has stopped."""

from typing import Any

import pytest
from recorded import File, case, program

from examples import DIED, SERVER, STARTED, py, sh
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict.closed import closed
from scaffolder.diagnose.verdict.judge import judge

STACK = 'Traceback (most recent call last):\n  File "/app/main.py", line 4, in load\n'
KEPT = Swallowed(f"{STACK}ValueError: 'quorom' is none", frozenset({"ValueError"}), "/a.py:4", "")


def done(call: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    calls = f"C\t1\t7\t7\t{call}\n" if call else ""
    end = f"X\t9\t7\t{more.get('exit_code', 0)}\t0"
    return {"files": SERVER, "trace": f"{STARTED}{calls}{end}", "exit_code": 0, **more}


@pytest.mark.parametrize(
    ("call", "config", "cause"),
    [
        ("mkdirat\t-30\tp=/var/lib/app", {"read_only": True}, "read-only-root"),
        ("write\t-28\tf=3:/spool/a", {"tmpfs": {"/spool": "size=1m"}}, "disk-full"),
        ("openat\t-13\tp=/data/a\tx=241", {"user": "1000"}, "file-closed"),
    ],
)
@pytest.mark.parametrize("log", ["", "worker starting\nworker done"])
def test_a_job_that_may_not_write_has_failed(
    call: str, config: dict[str, Any], cause: str, log: str
) -> None:
    found = judge(case(**done(call, config=config, log=log)))

    assert found.verdict == "likely", found
    assert found.cause == cause


@pytest.mark.parametrize(
    "call", ["openat\t-2\tp=/etc/app.toml\tx=0", "openat\t-13\tp=/etc/app.toml\tx=0", ""]
)
def test_a_job_does_without_what_it_only_reads(call: str) -> None:
    assert judge(case(**done(call, log="worker done"))).verdict == "healthy"


@pytest.mark.parametrize(("log", "is_well"), [("12 rows written", True), ("", False)])
def test_a_job_does_without_a_cache_that_it_cannot_make(log: str, *, is_well: bool) -> None:
    cache = done("mkdirat\t-30\tp=/var/cache/app", config={"read_only": True}, log=log)

    assert (judge(case(**cache)).verdict == "healthy") == is_well


@pytest.mark.parametrize("last", ["agent: stopped", "Shutting down", "service terminated"])
def test_what_says_that_it_has_stopped_and_met_an_exception_has_failed(last: str) -> None:
    found = judge(case(**py("run()", exit_code=0, log=f"agent: loading\n{last}", swallowed=KEPT)))

    assert found.verdict == "likely", found
    assert "'quorom' is none" in found.text


MALFORMED = Swallowed(
    f"{STACK}json.decoder.JSONDecodeError: Expecting value: line 1 column 9 (char 8)",
    frozenset({"JSONDecodeError", "ValueError"}),
    "/app/main.py:4",
    "",
)
WRITES = "openat\t3\tp=/spool/out.csv\tx=241"


@pytest.mark.parametrize(
    ("call", "log", "is_well"),
    [
        ("openat\t3\tp=/app/rules.json\tx=0", "", False),
        ("openat\t3\tp=/dev/null\tx=2", "", False),
        (WRITES, "", True),
        ("connect\t-101\ta=inet:10.0.0.2:80", "", True),
        ("openat\t3\tp=/app/rules.json\tx=0", "0 rules imported", True),
        ("openat\t3\tp=/app/rules.json\tx=0", "running with 0 rules", False),
    ],
    ids=["read", "nowhere", "wrote", "reached out", "tells results", "tells none"],
)
def test_what_cannot_read_its_data_and_does_nothing_has_failed(
    call: str, log: str, *, is_well: bool
) -> None:
    found = judge(case(**done(call, swallowed=MALFORMED, log=log)))

    assert (found.verdict == "healthy") is is_well, found
    assert is_well or found.cause == "config-malformed"


@pytest.mark.parametrize(
    "more",
    [
        {"log": "agent: 3 rows written"},
        {"log": "agent: stopped", "swallowed": None},
        {
            "log": "agent: stopped",
            "sources": {
                "happened": (
                    Event(DIED.timestamp() - 1, "kill", signal=15), Event(DIED.timestamp(), "die", 0),
                )
            },
        },
    ],
    ids=["a job", "no exception", "it was asked to"],
)  # fmt: skip
def test_others_that_end_with_0_are_well(more: dict[str, Any]) -> None:
    assert judge(case(**done(**{"swallowed": KEPT} | more))).verdict == "healthy"


SOURCES = '#!/bin/sh\n. /etc/app.env\nif [ "$ENABLED" = "true" ]; then exec /app/server; fi\n'


@pytest.mark.parametrize(("ends", "is_told"), [("\r\n", True), ("\n", False)])
@pytest.mark.parametrize("status", [0, 3])
def test_values_with_carriage_returns_that_a_script_reads_are_told(
    ends: str, status: int, *, is_told: bool
) -> None:
    files = {"/etc/app.env": File(f"ENABLED=true{ends}".encode())}
    found = judge(case(**sh(SOURCES, files=files, exit_code=status)))

    assert (found.cause == "line-endings") == is_told
    assert not is_told or "/etc/app.env, which the script reads" in found.text


def test_they_are_told_of_a_file_whose_path_only_a_copy_shows() -> None:
    script = '#!/bin/sh\nf=/etc/app.env\n[ -r "$f" ] && . "$f"\n[ "$ENABLED" = true ] || exit 0\n'
    files = {"/etc/app.env": File(b"ENABLED=true\r\n")}
    opened = (
        "P\t0\t7\t/usr/bin/dash\t/s.sh\nC\t1\t7\t7\topenat\t3\tp=/etc/app.env\tx=0\nX\t9\t7\t0\t0"
    )

    assert judge(case(**sh(script, files=files, exit_code=0, trace=opened))).cause == "line-endings"
    assert judge(case(**sh(script, files=files, exit_code=0))).verdict == "healthy"


def test_no_program_is_taken_for_a_file_that_others_may_not_read() -> None:
    files = {**SERVER, "/usr/bin/cmp": program("x"), "/etc/key": File(b"x")}
    looked = "newfstatat\t0\tp={}"
    of = (
        case(**done(looked.format(path), files=files, exit_code=3))
        for path in ("/usr/bin/cmp", "/etc/key")
    )

    assert [[f.name for f in closed(each)] for each in of] == [[], ["/etc/key with the mode 0600"]]
