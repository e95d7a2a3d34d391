"""No failure in silence: what a service in Rust reports of itself, each in a process of its own."""

import re

import pytest
from cases import run

START = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "


def lines(log: str) -> list[str]:
    """Return the lines that are no part of the one before."""
    return [line for line in log.splitlines() if re.match(START, line)]


def test_an_error_of_main_is_logged_with_its_causes_and_ends_with_70() -> None:
    done = run("fails")

    assert done.returncode == 70
    assert "CRITICAL orders::runtime::boot: the service failed and stops" in done.stdout
    assert "the rates cannot be read: no disk" in done.stdout
    assert "    Error: the rates cannot be read" in done.stdout


def test_a_limit_of_the_system_ends_with_71() -> None:
    done = run("limit")

    assert done.returncode == 71
    assert "Too many open files" in done.stdout


def test_a_panic_of_main_is_named_with_its_place_and_ends_with_70() -> None:
    done = run("panics")
    _, panic, failed = lines(done.stdout)

    assert done.returncode == 70
    where = r"thread 'main' panicked at src/app\.rs:\d+:\d+: no disk"
    assert re.fullmatch(rf"{START}ERROR orders::runtime::panics: {where}", panic)
    assert "the service failed and stops" in failed
    assert "no disk" in failed


def test_a_panic_forges_no_line() -> None:
    done = run("panics in lines")

    assert len(lines(done.stdout)) == 3
    assert "\x1b" not in done.stdout


def test_a_panic_without_text_is_named() -> None:
    assert "panicked at src/app.rs" in run("panics without text").stdout


def test_a_panic_in_a_thread_names_it_and_the_service_goes_on() -> None:
    done = run("panics in a thread")

    assert done.returncode == 0
    assert "thread 'worker' panicked at src/app.rs" in done.stdout


def test_a_panic_while_panicking_is_named_before_the_process_is_aborted() -> None:
    done = run("panics in a destructor")

    assert done.returncode == -6
    assert "no luck\n" in done.stdout
    assert "no luck in a destructor" in done.stdout


@pytest.mark.parametrize("case", ["panics in a span"])
def test_a_panic_has_the_context_of_its_span(case: str) -> None:
    assert 'no disk request_id="abc-123"' in run(case).stdout


def frames(log: str) -> list[tuple[str, str]]:
    """Return the functions of a backtrace, and their places."""
    return re.findall(r"^    (\S.*)\n        at (.*)", log, re.MULTILINE)


def test_a_backtrace_is_short_and_shows_the_way_to_the_failure() -> None:
    done = run("panics deep within")
    found = frames(done.stdout)

    assert found[0][0] == "orders::app::recurse"
    assert re.search(r"src/app\.rs:\d+:\d+$", found[0][1])
    assert 30 < len(found) <= 40
    assert not [name for name, _ in found if "panick" in name or name.startswith("std::")]
    assert "RUST_BACKTRACE=full shows all frames" in done.stdout


@pytest.mark.parametrize(("asked", "more"), [("0", False), ("full", True)])
def test_a_backtrace_is_as_long_as_the_environment_asks(asked: str, *, more: bool) -> None:
    done = run("panics", RUST_BACKTRACE=asked)

    assert ("rust_begin_unwind" in done.stdout) == more
    assert ("orders::app" in done.stdout.split("panicked at")[1]) == more


@pytest.mark.parametrize(("case", "given", "status"), [("exits", 0, 70), ("exits with 3", 3, 3)])
def test_an_exit_is_no_stop_that_was_asked_for(case: str, given: int, status: int) -> None:
    done = run(case)

    assert done.returncode == status
    assert "CRITICAL orders::runtime::exits: the service ended itself" in done.stdout
    assert f"process::exit({given}) was called" in done.stdout
    assert "orders::app::leave" in [name for name, _ in frames(done.stdout)]


def test_failures_of_tasks_that_nobody_awaits_are_logged() -> None:
    done = run("runs tasks")

    assert done.returncode == 0
    assert 'task failing failed: no rates: no disk request_id="abc-123"' in done.stdout
    assert 'no luck request_id="abc-123"' in done.stdout
    assert "task panicking failed: it panicked" in done.stdout
    assert 'works request_id="abc-123"' in done.stdout
    assert "panicked at src/app.rs" in done.stdout.split("plain")[0]
    assert "succeeding" not in done.stdout


def test_a_case_that_does_nothing_says_nothing_more() -> None:
    done = run("logs in threads", LOG_LEVEL="ERROR")

    assert (done.returncode, done.stdout) == (0, "")
