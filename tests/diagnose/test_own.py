"""The words of a viscaffold service are read: of each language, in either format of the log."""

import re

import pytest
from recorded import case

from examples import SERVER
from scaffolder.diagnose.causes.own.supervisor import SUPERVISOR
from scaffolder.diagnose.verdict.judge import judge

WORDS = "killed by SIGKILL (signal 9) from outside; not for its memory (process 7, up 0.5 s)"
TEXT = f"2026-11-24 09:20:40,851 CRITICAL supervisor: orders: {WORDS}; docs/runbook.md#killed-from-outside"
JSON = (
    '{"timestamp":"2026-11-24T09:20:40.851Z","level":"CRITICAL","severity":"CRITICAL"'
    f',"logger":"supervisor","service":"orders","message":"{WORDS};'
    ' docs/runbook.md#killed-from-outside"}'
)


@pytest.mark.parametrize("line", [TEXT, JSON])
def test_the_supervisors_line_is_read(line: str) -> None:
    found = re.search(SUPERVISOR, line, re.MULTILINE)

    assert found
    assert (found["s"] or found["j"]) == "orders"
    assert found["p"] == "killed-from-outside"
    assert found["m"] == "killed by SIGKILL (signal 9) from outside; not for its memory"


@pytest.mark.parametrize("logger", ["orders.runtime.boot", "orders::runtime::exits"])
def test_what_the_service_itself_reports_with_a_page_is_read(logger: str) -> None:
    words = "the service ended itself: exit was called"
    line = (
        f"2026-11-26 23:17:17,391 CRITICAL {logger}: {words}; docs/runbook.md#ended-without-a-word"
    )
    found = re.search(SUPERVISOR, line, re.MULTILINE)

    assert found
    assert (found["r"], found["m"], found["p"]) == ("orders", words, "ended-without-a-word")
    assert not re.search(SUPERVISOR, line.replace("CRITICAL", "WARNING"))
    assert not re.search(SUPERVISOR, line.replace("runtime", "app"))


PANIC = (
    "2026-11-26 23:17:07,224 ERROR orders::runtime::panics: thread 'main' panicked at"
    " src/app.rs:29:9: no rates\n"
    "    orders::app::read\n        at src/app.rs:29\n"
    "2026-11-26 23:17:07,605 CRITICAL orders::runtime::server: stage app did not open: it panicked:"
    " no rates\n"
)


def test_a_panic_that_ends_a_service_in_rust_is_told_with_its_place() -> None:
    found = judge(case(command="/app/orders", log=PANIC, exit_code=70, files=SERVER))

    assert (found.cause, found.verdict) == ("rust-panic", "proven")
    assert "no rates at src/app.rs:29:9" in found.text


def test_a_panic_that_a_service_in_rust_survived_is_not_what_ended_it() -> None:
    log = PANIC.replace("it panicked: no rates", "the rates are of yesterday")
    found = judge(case(command="/app/orders", log=log, exit_code=70, files=SERVER))

    assert found.cause == "own-stage"


CRASH = "killed by SIGSEGV (signal 11): native code used memory"
MIDDLEWARE = "async code at src/stages/logging/requests.rs:36"


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        (f"it was in write_volatile < app::explode at src/app.rs:62 < {MIDDLEWARE}", ""),
        (f"it was in read < Kafka::poll at src/stages/kafka.rs:9 < {MIDDLEWARE}", "kafka"),
        (f"it was in raise < boot at src/runtime/boot.rs:9 < {MIDDLEWARE}", "logging"),
        (('Fatal Python error: Segmentation fault\n  File "/app/src/orders/app.py", line 3\n'
         '  File "/app/src/orders/stages/logging/requests.py", line 9'), ""),
        (('Fatal Python error: Aborted\n  File "/v/site-packages/x/y.py", line 3\n'
         '  File "/app/src/orders/runtime/middleware.py", line 9\n'
         '  File "/v/site-packages/orders/stages/kafka/poll.py", line 9'), "kafka"),
    ],
)  # fmt: skip
def test_a_crash_is_of_the_stage_whose_code_is_innermost(stack: str, stage: str) -> None:
    earlier = "2026-11-24 09:20:40,851 ERROR orders: failed at src/stages/auth.rs:1"
    line = f"2026-11-24 09:20:40,851 CRITICAL supervisor: orders: {CRASH} (process 7, up 0.5 s)"
    log = f"{earlier}\n{stack}\n{line}; docs/runbook.md#pattern-dependencies"
    found = judge(case(command="/app/orders", log=log, exit_code=139, files=SERVER))

    assert found.cause == "own-native-crash"
    removed = [command for command in found.commands if "remove-stage" in command]
    assert removed == ([f"viscaffold remove-stage {stage}"] if stage else [])


def test_the_address_that_a_service_in_rust_cannot_have_is_told() -> None:
    line = (
        "2026-11-26 23:15:43,941 CRITICAL orders::runtime::listener: cannot listen on"
        " 0.0.0.0:8080: another process has this port; stop it, or set PORT to a free one"
    )
    found = judge(case(command="/app/orders", log=line, exit_code=71, files=SERVER))

    assert found.cause == "own-listen"


def test_a_warning_of_the_supervisor_is_no_end() -> None:
    assert not re.search(SUPERVISOR, JSON.replace('"level":"CRITICAL"', '"level":"WARNING"'))
