"""What is no fault is called healthy, and what is not known is called undetermined."""

from datetime import UTC, datetime, timedelta

import pytest
from recorded import File, case, elf, folder, program

from examples import RUNNING, SERVER, sh, up
from scaffolder.diagnose.evidence.facts import Event, Health, Socket
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.verdict.judge import judge

STOPPED = (
    Event(1.0, "start"),
    Event(2.0, "kill", signal=15),
    Event(3.0, "die", 143),
    Event(3.1, "stop"),
)


@pytest.mark.parametrize(
    "fine",
    [
        {"files": SERVER, "exit_code": 0, "log": "migrated 12 rows"},
        {"files": SERVER, "exit_code": 0},
        {"files": SERVER, "exit_code": 143, "sources": {"happened": STOPPED}},
        {"files": SERVER, "exit_code": 143},
        {"files": SERVER, "exit_code": 1, "sources": {"happened": STOPPED}},
        {"files": SERVER, "state": {"status": "created", "exit_code": 0}},
        {"files": SERVER, "kind": "image"},
        up((Socket("0.0.0.0", 8080),)),
        up((Socket("0.0.0.0", 8080),), log="ERROR connection refused to db:5432, trying again"),
        {"files": SERVER, "state": RUNNING, "log": "KeyError: 'API_KEY'"},
        {"files": SERVER, "state": {**RUNNING, "health": Health("healthy")}},
        sh("#!/bin/sh\necho done\n", exit_code=0, log="done"),
    ],
    ids="-".join,
)  # fmt: skip
def test_what_is_no_fault_is_healthy(fine: dict[str, object]) -> None:
    found = judge(case(**fine))  # type: ignore[arg-type]

    assert (found.verdict, found.pattern) == ("healthy", "none"), found


def happened(*actions: tuple[float, str, int | None]) -> dict[str, object]:
    events = [Event(at, what, signal=n if what == "kill" else None) for at, what, n in actions]
    return {"happened": tuple(events)}


START, RELOAD, CRASH = (1.0, "start", None), (2.0, "kill", 1), (900.0, "die", None)


@pytest.mark.parametrize(
    "events",
    [
        (START, RELOAD, CRASH),
        (START, (2.0, "kill", 10), CRASH),
        (START, (2.0, "kill", 15), CRASH),
        (START, RELOAD, (2.5, "die", None)),
        (
            *(START, (2.0, "kill", 15), (3.0, "die", None), (3.1, "stop", None)),
            *((5.0, "start", None), (6.0, "kill", 1), CRASH),
        ),
    ],
    ids=["reload", "rotate", "deaf to TERM", "settings it cannot read", "stopped once before"],
)
def test_a_crash_long_after_a_signal_was_not_asked_for(
    events: tuple[tuple[float, str, int | None], ...],
) -> None:
    found = judge(case(files=SERVER, log="panic: boom", exit_code=2, sources=happened(*events)))

    assert found.verdict != "healthy"
    assert "boom" in found.text


@pytest.mark.parametrize(
    ("events", "exit_code"),
    [
        ((START, (800.0, "kill", 28), (899.0, "die", None), (900.0, "stop", None)), 1),
        ((START, (898.0, "kill", 15), CRASH), 1),
        ((START, (890.0, "kill", 1), CRASH), 129),
    ],
    ids=["a slow stop", "docker kill", "no handler"],
)
def test_an_end_that_a_signal_brought_is_a_stop(
    events: tuple[tuple[float, str, int | None], ...], exit_code: int
) -> None:
    found = judge(case(files=SERVER, exit_code=exit_code, sources=happened(*events)))

    assert found.verdict == "healthy", found


@pytest.mark.parametrize(
    ("restarts", "seconds", "fine"), [(0, 600, True), (4, 600, False), (0, 1, False)]
)
def test_what_the_engine_did_not_start_again_was_stopped(
    restarts: int, seconds: int, *, fine: bool
) -> None:
    began = datetime(2026, 11, 26, tzinfo=UTC)
    state = {"started": began, "finished": began + timedelta(seconds=seconds)}
    config = {"restart": "unless-stopped"}
    found = judge(case(files=SERVER, exit_code=1, state=state, restarts=restarts, config=config))

    assert (found.verdict == "healthy") == fine, found


@pytest.mark.parametrize("exit_code", [1, 3, 42])
def test_a_silent_end_that_nothing_explains_is_undetermined(exit_code: int) -> None:
    found = judge(case(files=SERVER, exit_code=exit_code))

    assert found.verdict == "undetermined"
    assert found.ruled_out
    assert any("--rerun" in command for command in found.commands)


def test_words_without_a_check_that_agrees_are_only_likely() -> None:
    found = judge(case(files=SERVER, log="open /etc/x.yml: permission denied"))

    assert found.verdict == "likely"


def test_a_permission_that_the_user_has_is_not_blamed() -> None:
    files = {**SERVER, "/data": folder(0o777)}
    found = judge(case(files=files, log="open /data/x: permission denied", config={"user": "app"}))

    assert found.verdict == "likely"
    assert "owned by" not in found.text


@pytest.mark.parametrize("log", ["PORT is 8080", "starting with NODE_ENV production", "HTTP is up"])
def test_a_variable_that_is_only_mentioned_is_not_missing(log: str) -> None:
    assert judge(case(files=SERVER, log=log)).cause != "variable-missing"


def test_a_rebuilt_image_comes_before_what_it_may_have_cured() -> None:
    from scaffolder.diagnose.evidence.config import Image

    found = judge(case(files=SERVER, log="KeyError: 'X_Y'", image=Image(tagged="sha256:2")))

    assert found.cause == "image-outdated"


def test_a_program_that_may_not_be_found_is_sought_elsewhere() -> None:
    files = {"/opt/app/server": program(elf())}
    state = {"status": "created", "exit_code": 127, "error": "exec: no such file or directory"}

    assert "/opt/app/server" in judge(case(files=files, state=state)).text


def test_the_child_that_was_killed_matters_though_process_1_ended_with_0() -> None:
    found = judge(case(files=SERVER, exit_code=0, sources={"happened": (Event(1.0, "oom"),)}))

    assert found.pattern == "memory"


def test_a_file_that_is_there_is_not_called_missing() -> None:
    files = {**SERVER, "/etc/a.yml": File(b"x")}
    log = "open /etc/a.yml: no such file or directory"

    assert judge(case(files=files, log=log)).cause != "file-missing"


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        ("bind 0.0.0.0:8080: Address in use", "network"),
        ("accept: No file descriptors available", "memory"),
        ("connect: Host is unreachable", "network"),
    ],
)
def test_musl_says_it_in_other_words(words: str, pattern: str) -> None:
    assert judge(case(files=SERVER, log=words)).pattern == pattern


def test_last_words_that_nobody_understands_are_passed_on() -> None:
    found = judge(case(files=SERVER, log="so long"))

    assert found.verdict == "undetermined"
    assert "so long" in found.text


@pytest.mark.parametrize(
    "line",
    [
        "FATAL: 0, ERRORS: 0, verified: 4",
        "done: 12 rows, 0 errors, 0 failed",
        "[summary] failed=0 passed=9",
        "finished, no errors",
        "errors: 0",
    ],
)
def test_a_line_that_counts_no_failures_reports_none(line: str) -> None:
    assert not last_words([line])


@pytest.mark.parametrize(
    "line",
    [
        "FATAL: 0, FAILED: 2, verified: 4",
        "error: 0 is no port",
        "errors=0 failed=2",
        "error 0x80070005",
        "failed: 0:12 is no time",
    ],
)
def test_one_that_counts_some_or_names_one_does(line: str) -> None:
    assert last_words([line]) == line


@pytest.mark.parametrize(
    ("line", "is_masked"),
    [
        ("/app/server 2>/dev/null", True),
        ("if ! /app/check 2>/dev/null; then echo no; fi", False),
        ("while /app/check 2>/dev/null; do sleep 1; done", False),
    ],
)
def test_a_test_that_hides_messages_hides_no_failure(line: str, *, is_masked: bool) -> None:
    of = case(**sh(f"#!/bin/sh\n{line}\n", exit_code=0, log="ERROR the moon is not full"))

    assert (judge(of).cause == "status-masked") == is_masked
