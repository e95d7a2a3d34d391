"""Panics of Rust that nobody sees, and that only say where the program gave up."""

import pytest
from recorded import case, elf, folder, program

from examples import STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.swallowed import UNCAUGHT, Swallowed
from scaffolder.diagnose.verdict.completed import completed
from scaffolder.diagnose.verdict.judge import judge

PANIC = "thread 'main' panicked at src/main.rs:9:11:\n{}"
BARE = "called `Result::unwrap()` on an `Err` value"


def panicked(message: str, *calls: str) -> Case:
    names = frozenset({"OSError"} if calls else ())
    told = Swallowed(PANIC.format(message), names, "its panic hook", UNCAUGHT)
    trace = f"{STARTED}{''.join(calls)}X\t9\t7\t101\t0"
    files = {"/app/server": program(elf()), "/etc/app": folder()}
    return case(files=files, exit_code=101, trace=trace, swallowed=told)


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ("openat\t-2\tp=/dev/ttyUSB0\tx=0", "device-not-given"),
        ("read\t-21\tf=3:/etc/app", "directory-for-file"),
        (
            "resolve\t0\ta=inet:127.0.0.1:53\tn=cache-main\tf=3:socket:[9]",
            "peer-unreachable-silent",
        ),
    ],
)
def test_the_call_that_failed_comes_before_the_place_of_a_bare_panic(call: str, cause: str) -> None:
    row = f"C\t1\t7\t7\t{call}\n"

    assert judge(panicked(BARE, row)).cause == cause
    assert judge(panicked("called `Option::unwrap()` on a `None` value", row)).cause == cause


def test_a_panic_that_gives_a_reason_is_told_first() -> None:
    told = judge(panicked("the queue is full", "C\t1\t7\t7\topenat\t-2\tp=/dev/ttyUSB0\tx=0\n"))

    assert told.cause == "rust-panic"
    assert "the queue is full" in told.text


def test_a_bare_panic_over_a_call_that_nothing_explains_names_it() -> None:
    told = judge(panicked(BARE, "C\t1\t7\t7\tfsync\t-5\tf=3:/app/x\n"))

    assert (told.cause, told.verdict) == ("rust-panic", "likely")
    assert "what failed before it is fsync(" in told.text


def test_a_bare_panic_over_no_call_may_be_that_of_an_argument() -> None:
    assert [factor.name for factor in completed(panicked(BARE))] == ["an argument"]
