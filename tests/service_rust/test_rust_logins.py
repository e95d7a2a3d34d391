"""The queue of logins and the limits on failures in Rust, tested in the service itself."""

from pathlib import Path

import rust_services

TESTS = Path(__file__).with_name("logins.rs")


def test_logins_take_turns_and_failures_wait() -> None:
    files = {"tests/logins.rs": TESTS.read_text(encoding="utf-8")}
    service = rust_services.sources(("auth",), files, variant="logins")
    shown = rust_services.cargo(service, "test", "--test", "logins")

    assert "test result: ok. 8 passed" in shown, shown
