"""Native programs all of whose threads wait for each other, and those that only wait."""

from typing import Any

import pytest
from recorded import File, case

from examples import RUNNING, SERVER, STARTED, up
from scaffolder.diagnose.docker.processes import threads
from scaffolder.diagnose.evidence.dead_threads import WATCHED
from scaffolder.diagnose.evidence.facts import Health, Process, Socket, Thread
from scaffolder.diagnose.session import is_open
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.lifetimes import LONGEST_SECONDS
from scaffolder.diagnose.verdict.watching import MARGIN
from scaffolder.docker.client import Engine
from scaffolder.docker.process import Ran

OWN = 1 << 10 | 1 << 6 | 1 << 32
"""SIGSEGV and SIGBUS, which Rust handles, and what pthread_cancel needs."""
LOCKED = Thread(7, "futex_do_wait", OWN)
ON_TERM = Thread(7, "futex_do_wait", OWN | 1 << 14)
READS = Thread(7, "pipe_read", OWN)
SLEEPS = Thread(7, "hrtimer_nanosleep", OWN)
EARLY = "W\t1338\t7\t7\tfutex\t1206\nW\t1338\t7\t8\tfutex\t1206\nT\t1338"
LATE = EARLY.replace("1338", str(WATCHED)).replace("1206", "6000")
ON_PIPE = EARLY.replace("8\tfutex", "8\tread")


def silent(*running: Thread, trace: str = EARLY, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    sources = {"threads_running": running, **more.pop("sources", {})}
    return up(config={"published": ()}, sources=sources, trace=f"{STARTED}{trace}", **more)


def test_threads_that_nothing_can_wake_are_a_deadlock() -> None:
    found = judge(case(**silent(LOCKED, LOCKED)))

    assert (found.cause, found.verdict) == ("deadlock", "likely")
    assert "all 2 threads" in found.text


@pytest.mark.parametrize(
    "example",
    [
        silent(LOCKED, LOCKED, trace=LATE),
        silent(LOCKED, LOCKED, trace=ON_PIPE),
        silent(LOCKED, LOCKED, trace=""),
        silent(LOCKED),
        silent(),
        silent(LOCKED, ON_TERM),
        silent(LOCKED, READS),
        silent(LOCKED, SLEEPS),
        silent(LOCKED, LOCKED, log="waits for work"),
        silent(LOCKED, LOCKED, sources={"beside": ("unix /run/app.sock",)}),
        silent(LOCKED, LOCKED, state={**RUNNING, "health": Health("healthy")}),
    ],
    ids=[
        "with a limit", "a copy waits for a pipe", "no copy", "one thread", "unknown", "a signal",
        "a pipe", "a timer", "has a log", "a socket", "its check succeeds",
    ],
)  # fmt: skip
def test_threads_that_something_may_wake_are_none(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "deadlock"


def test_a_wait_of_all_threads_that_has_a_limit_is_no_fault() -> None:
    assert judge(case(**silent(LOCKED, LOCKED, trace=LATE))).verdict == "healthy"


ENDED = "C\t1\t7\t8\topenat\t3\tp=/srv/feeds/8b.csv\tx=0\n"
LEFT = f"{ENDED}W\t1338\t7\t7\tfutex\t1206\nT\t1338"


def test_the_last_thread_that_waits_for_those_that_have_ended_is_stuck() -> None:
    found = judge(case(**silent(LOCKED, trace=LEFT, log="3 feeds")))

    assert (found.cause, found.verdict) == ("thread-awaited", "likely")
    assert "the other one has ended; what they opened last: /srv/feeds/8b.csv" in found.text


@pytest.mark.parametrize(
    "example",
    [
        silent(LOCKED, trace=LEFT.removeprefix(ENDED)),
        silent(LOCKED, READS, trace=LEFT),
        silent(ON_TERM, trace=LEFT),
        silent(SLEEPS, trace=LEFT),
        silent(LOCKED, trace=LEFT.replace("1338", str(WATCHED)).replace("1206", "6000")),
        silent(LOCKED, trace=LEFT.replace("futex", "read")),
        silent(LOCKED, trace=LEFT, sources={"listening": (Socket("0.0.0.0", 80),)}),
        silent(LOCKED, trace=LEFT, sources={"beside": ("unix /run/app.sock",)}),
    ],
    ids=[
        "it never had another", "there is another", "a signal", "a timer", "with a limit",
        "a copy waits for input", "listens", "a socket",
    ],
)  # fmt: skip
def test_a_thread_that_something_may_wake_is_not_stuck(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "thread-awaited"


@pytest.mark.parametrize(
    ("example", "is_watched"),
    [
        (silent(LOCKED, LOCKED), True),
        (silent(LOCKED, ON_TERM), False),
        (silent(LOCKED, LOCKED, sources={"listening": (Socket("0.0.0.0", 80),)}), False),
        (silent(LOCKED, LOCKED, log="up"), False),
        (silent(LOCKED, log="up"), True),
        (silent(ON_TERM), False),
        (silent(Thread(7, "ep_poll"), Thread(7, "wait_for_partner")), True),
        (silent(Thread(7, "ep_poll"), Thread(7, "pipe_read")), False),
    ],
    ids=[
        "dead",
        "waits for a signal",
        "serves",
        "has a log",
        "the last thread",
        "the last one waits for a signal",
        "opens a pipe",
        "reads a pipe",
    ],
)
def test_a_copy_is_watched_only_of_what_seems_dead(
    example: dict[str, Any], *, is_watched: bool
) -> None:
    container = case(**example | {"trace": ""})

    assert is_open(container, judge(container)) is is_watched


def test_how_long_a_copy_is_watched_is_known() -> None:
    assert (LONGEST_SECONDS - MARGIN) * 1000 == WATCHED


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("PID WCHAN CAUGHT\n7 futex_do_wait 0000000100000440\n", (LOCKED,)),
        ("PID WCHAN CAUGHT\n7 - <0000000000000440\n", ()),
        ("USER PID\nroot 7\n", ()),
    ],
    ids=["ps", "shortened", "podman"],
)
def test_threads_are_read_of_docker_top(
    monkeypatch: pytest.MonkeyPatch, told: str, found: tuple[Thread, ...]
) -> None:
    engine = Engine("docker")
    monkeypatch.setattr(Engine, "run", lambda *_a, **_k: Ran(0, told.encode(), b""))

    assert threads(engine, "orders") == found


def piped(*waits: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    numbers = range(7, 7 + len(waits))
    running = tuple(Process(n, n - 1, "S", f"p{n}", 60) for n in numbers)
    threads = tuple(Thread(n, wait) for n, wait in zip(numbers, waits, strict=True))
    sources = {"running": running, "threads_running": threads, **more.pop("sources", {})}
    return up(sources=sources, **more)


@pytest.mark.parametrize(
    ("example", "is_told"),
    [
        (piped("do_wait", "anon_pipe_write"), True),
        (piped("do_wait", "do_wait", "pipe_write", log="exporting"), True),
        (piped("do_wait", "pipe_read"), False),
        (piped("pipe_read", "pipe_write"), False),
        (piped("do_wait", "pipe_write", "pipe_write"), False),
        (piped("pipe_write"), False),
        (piped("do_wait", "pipe_write", sources={"listening": (Socket("0.0.0.0", 8080),)}), False),
    ],
    ids=["child", "grandchild", "reads", "is read", "two", "alone", "serves"],
)
def test_a_child_that_writes_into_a_pipe_which_nobody_reads_is_told(
    example: dict[str, Any], *, is_told: bool
) -> None:
    assert (judge(case(**example)).cause == "pipe-full") == is_told


@pytest.mark.parametrize(
    ("kinds", "is_told"),
    [(("other",), True), ((), False), (("other", "other"), False), (("file",), False)],
    ids=["one", "none", "several", "a file"],
)
def test_the_pipe_that_is_opened_in_vain_is_named_if_it_can_only_be_one(
    kinds: tuple[str, ...], *, is_told: bool
) -> None:
    files = {f"/run/app/{at}": File(kind=kind) for at, kind in enumerate(kinds)}
    sources = {"threads_running": (Thread(7, "ep_poll"), Thread(7, "wait_for_partner"))}
    changed = {"changed": tuple(("A", path) for path in files)}
    found = judge(case(**up(files={**SERVER, **files}, sources={**sources, **changed})))

    assert (found.cause == "pipe-unopened") == is_told, found
    assert not is_told or "/run/app/0" in found.text
