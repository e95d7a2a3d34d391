"""A program that waits for ever for what a child would write into a pipe, and that has ended."""

from typing import Any

import pytest
from recorded import case

from examples import RUNNING, SERVER, STARTED
from scaffolder.diagnose.evidence.facts import Thread
from scaffolder.diagnose.session import is_open
from scaffolder.diagnose.verdict.judge import judge

READS = (Thread(7, "anon_pipe_read"),)
CHILD = "N\t1\t8\t7\nC\t2\t8\t8\topenat\t-2\tp=/etc/worker.yaml\nX\t3\t8\t1\t0\n"
DONE = CHILD.replace("X\t3\t8\t1", "X\t3\t8\t0")
PARENT = "W\t7000\t7\t7\tread\t6000\tf=3:pipe:[9]\nT\t7000\n"


def told(records: str, threads: tuple[Thread, ...] = READS, **config: Any) -> Any:  # noqa: ANN401 - a case
    return case(
        files=SERVER, trace=records, state=RUNNING, config=config,
        sources={"threads_running": threads},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("records", "threads", "config", "is_told"),
    [
        (f"{STARTED}{CHILD}{PARENT}", READS, {}, True),
        (f"{STARTED}{CHILD}{PARENT}", READS, {"stdin": True}, False),
        (f"{STARTED}{CHILD}{PARENT}", (*READS, Thread(8, "anon_pipe_read")), {}, False),
        (f"{STARTED}{CHILD}{PARENT}", (Thread(7, "do_epoll_wait"),), {}, False),
        (f"{STARTED}{PARENT}", READS, {}, False),
        (f"{STARTED}{DONE}{PARENT}", READS, {}, False),
    ],
    ids=["lost", "reads its input", "others run", "waits for work", "no child", "child is done"],
)  # fmt: skip
def test_who_reads_a_pipe_alone_waits_for_a_child_that_has_ended(
    records: str, threads: tuple[Thread, ...], config: dict[str, Any], *, is_told: bool
) -> None:
    found = judge(told(records, threads, **config))

    assert (found.cause == "child-awaited") is is_told, found


def test_what_the_child_wanted_is_named_and_a_copy_is_asked_for_it() -> None:
    plain = told("")

    found = judge(told(f"{STARTED}{CHILD}{PARENT}"))

    assert "that has ended with status 1; what it tried last" in found.text
    assert "openat('/etc/worker.yaml'): no such file" in found.text
    assert is_open(plain, judge(plain))
