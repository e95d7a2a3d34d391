"""What a program waited for when an alarm, a watchdog or a time limit ended it."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, STARTED, up
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.evidence.waits import awaited, what
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.diagnose.verdict.wanted import wanted

PIPE = "I\t2100\t7\t7\topenat\t2000\tp=/run/go\tx=0\n"
LOCK = "I\t2100\t7\t7\tflock\t2000\ti=2\tf=4:/data/lock\n"
FUTEX = "I\t2100\t7\t7\tfutex\t2000\n"
ALARM = "S\t2100\t7\t14\t128\t0\t0\n"
BY_ALARM = f"{ALARM}X\t2101\t7\t0\t14"
HANDLED = f"{ALARM}X\t2101\t7\t3\t0"
BY_ITSELF = "S\t2100\t7\t9\t0\t7\t0\nX\t2101\t7\t0\t9"
WATCHDOG = "L\t2100\t7\tclock_nanosleep=0\nX\t2101\t7\t3\t0"
OPTIONAL = "C\t3\t7\t7\topenat\t-2\tp=/usr/lib/x/__init__.so\tx=0\n"


def judged(*records: str, **more: Any) -> Judgement:  # noqa: ANN401 - of a case
    """Return what a silent container is judged to be that did these things in a copy."""
    status, number = "".join(records).split("\n")[-1].split("\t")[3:5]
    code = int(status) or 128 + int(number)
    known: dict[str, Any] = {
        "files": SERVER,
        "exit_code": code,
        "trace": STARTED + "".join(records),
    }
    return judge(case(**known, **more))


@pytest.mark.parametrize(
    ("records", "shown"),
    [
        ((PIPE, BY_ALARM), "the pipe /run/go to be opened, until its own alarm (SIGALRM)"),
        ((PIPE, HANDLED), "until its own alarm (SIGALRM)"),
        ((OPTIONAL, PIPE, BY_ITSELF), "the pipe /run/go to be opened, until SIGKILL ends it"),
        ((PIPE.replace("I", "W", 1), WATCHDOG), "/run/go to be opened, until a thread of its own"),
        ((LOCK, BY_ALARM), "the lock of /data/lock, which is held already"),
        (("C\t2\t7\t7\tflock\t1\ti=2\tf=3:/data/lock\n", LOCK, BY_ALARM), "which it holds itself"),
        ((FUTEX, HANDLED), "a lock or another thread of its own"),
        ((OPTIONAL, FUTEX, HANDLED), "a lock or another thread of its own"),
        ((FUTEX, PIPE.replace("7\t7", "7\t8"), BY_ITSELF), "the pipe /run/go"),
    ],
)
def test_the_wait_is_named_and_not_what_ended_it(records: tuple[str, ...], shown: str) -> None:
    found = judged(*records)

    assert (found.cause, found.verdict) == ("waits-in-call", "likely")
    assert shown in found.text


def test_a_time_limit_of_another_program_only_ends_the_wait() -> None:
    limit = (
        "P\t0\t7\t/usr/bin/timeout\ttimeout\\x00\nN\t1\t8\t7\nP\t1\t8\t/app/server\tserver\\x00\n"
    )
    killed = "C\t2100\t7\t7\tkill\t0\ti=8\ti=15\nC\t2100\t7\t7\tkill\t0\ti=0\ti=15\n"
    end = "S\t2100\t8\t15\t0\t7\t0\nX\t2101\t8\t0\t15\nX\t2102\t7\t124\t0"
    of: dict[str, Any] = {"files": SERVER, "exit_code": 124}
    waits, sleeps = (
        judge(case(**of, trace=f"{limit}{killed}{wait}{end}"))
        for wait in (PIPE.replace("7\t7", "8\t8"), "I\t2100\t8\t8\tclock_nanosleep\t2000\n")
    )

    assert "until SIGTERM from timeout ends it" in waits.text
    assert sleeps.cause == "killed-from-inside"


@pytest.mark.parametrize(
    "records",
    [
        (PIPE.replace("2000", "900"), BY_ALARM),
        (PIPE.replace("2100", "900"), BY_ALARM),
        (PIPE, ALARM, "C\t2100\t7\t7\topenat\t1\tp=/srv/x\tx=0\n", "X\t2101\t7\t3\t0"),
        ("I\t2100\t7\t7\taccept4\t2000\tf=3:socket:[9]\n", BY_ALARM),
        (FUTEX, "I\t2100\t7\t8\tepoll_wait\t2000\tf=5:anon_inode:[eventpoll]\n", BY_ALARM),
        (FUTEX, "C\t2100\t7\t8\topenat\t-2\tp=/etc/app.toml\tx=0\n", HANDLED),
        (FUTEX.replace("I", "W", 1), "L\t2100\t7\topenat=-2\nX\t2101\t7\t3\t0"),
        (PIPE, "X\t2101\t7\t0\t0"),
        (*(FUTEX.replace("I", "W", 1).replace("7\t7", f"7\t{n}") for n in range(7, 12)),
         WATCHDOG.replace("clock_nanosleep=0", "futex=-110")),
    ],
    ids=["short", "long-over", "went-on", "serves", "has-a-server", "failed-since",
         "ended-itself", "well", "a virtual machine's own"],
)  # fmt: skip
def test_a_wait_that_is_usual_or_over_is_not_blamed(records: tuple[str, ...]) -> None:
    assert judged(*records).cause != "waits-in-call"


def asked(words: str, *times: int) -> str:
    return "".join(f"C\t{at}\t7\t7\t{words}\n" for at in times)


READY = "newfstatat\t-2\tp=/run/ready"
TERM = "S\t2000\t7\t15\t0\t9\t0\nX\t2001\t7\t0\t15"


@pytest.mark.parametrize(
    ("records", "shown"),
    [
        ((asked(READY, 900, 1900), TERM), "/run/ready"),
        ((asked(READY, 1900), "R\t1950\t7\t7\t3\n", TERM), "/run/ready"),
        ((asked("resolve\t0\tn=ledger-db", 900, 1900), TERM), "ledger-db"),
    ],
)
def test_what_is_asked_for_until_a_signal_comes_is_named(
    records: tuple[str, ...], shown: str
) -> None:
    happened = (Event(1.0, "start"), Event(2.0, "die", 143))
    found = judged(*records, sources={"happened": happened})

    assert found.cause in ("file-missing", "peer-unreachable-silent")
    assert shown in found.text


@pytest.mark.parametrize(
    "records",
    [
        (asked(READY, 1900), TERM),
        (asked(READY, 900, 1900), asked(READY.replace("-2", "0"), 1950), TERM),
        (asked(READY, 900, 1900), "X\t9000\t7\t0\t15"),
        (asked(READY, 20, 40), TERM),
        (asked(READY, 900, 1900), "X\t2001\t7\t0\t11"),
    ],
    ids=["once", "found", "long-ago", "as-it-began", "crashed"],
)
def test_what_is_asked_for_once_or_found_is_not_waited_for(records: tuple[str, ...]) -> None:
    of = case(files=SERVER, exit_code=143, trace=STARTED + "".join(records))

    assert of.seen.asked_in_vain is None


def test_no_copy_is_given_what_was_missing_before_the_wait() -> None:
    of = case(files=SERVER, exit_code=142, trace=f"{STARTED}{OPTIONAL}{PIPE}{BY_ALARM}")

    assert list(wanted(of)) == []


def test_a_pipe_that_another_thread_opens_for_an_event_loop_is_what_is_waited_for() -> None:
    waits = "W\t9\t7\t7\tepoll_wait\t7000\tf=5:anon_inode:[eventpoll]\nW\t9\t7\t9\topenat\t7000\tp=/run/feed.fifo\tx=0\n"
    trace = read(f"{STARTED}{waits}T\t9000\t\n")
    call = awaited(trace)

    assert call is not None
    assert what(call, trace) == "the other end of the pipe /run/feed.fifo to be opened"


@pytest.mark.parametrize(
    ("beside", "kind", "is_told"),
    [("orders.in", "other", True), ("orders.in", "file", False), ("stock.out", "other", False)],
)
def test_a_pipe_of_nearly_the_same_name_is_told(beside: str, kind: str, *, is_told: bool) -> None:
    pipes = {"/feed/order.in": File(kind="other"), f"/feed/{beside}": File(kind=kind)}
    trace = f"{STARTED}W\t8000\t7\t7\topenat\t7900\tp=/feed/order.in\nT\t8000"
    config = {"env": {"FEED_NAME": "order.in"}, "published": ()}
    example = up(config=config, trace=trace) | {"files": {**SERVER, **pipes}}
    found = judge(case(**example))

    assert found.cause == "waits-in-call", found
    assert (f"/feed/{beside} is another pipe there" in found.text) is is_told
    assert ("correct FEED_NAME to orders.in" in found.fix) is is_told
