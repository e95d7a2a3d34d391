"""The queue of logins and the limits on failures in Rust, tested in the service itself."""

from pathlib import Path

import rust_services

TESTS = Path(__file__).with_name("logins.rs")


def test_logins_take_turns_and_failures_wait() -> None:
    files = {"tests/logins.rs": TESTS.read_text(encoding="utf-8")}
    shown = rust_services.run_tests(("auth",), files, variant="logins", only="logins")

    assert "test result: ok. 8 passed" in shown, shown
