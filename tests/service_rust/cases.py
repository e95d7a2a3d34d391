"""A service in Rust whose command runs one case of its runtime each: cases.rs has them."""

import os
import subprocess
from pathlib import Path

import rust_services

CASES = Path(__file__).with_suffix(".rs")
OF_THE_TESTS = {"RUST_BACKTRACE", "RUST_LOG", "LOG_LEVEL", "LOG_FORMAT", "NO_COLOR", "TERM"}


def program() -> Path:
    """Return the service, built once."""
    files = {"src/app.rs": CASES.read_text(encoding="utf-8")}
    return rust_services.binary(("logging",), files, variant="cases")


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of this process, without those that matter here."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
    return {**kept, **variables}


def run(case: str, *, given: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a case; stdout and stderr come together, as a container's log has them."""
    return subprocess.run(
        [program(), "app", case],
        env=environment(**variables),
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
