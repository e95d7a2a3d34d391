"""The engine is asked with time limits, and what is in the way is said."""

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, viscaffold

from scaffolder.diagnose.docker import changes
from scaffolder.docker import process
from scaffolder.docker.client import Engine

Fake = Callable[[str], None]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put a docker that is a shell script first in PATH."""
    home = tmp_path / "bin"
    home.mkdir()
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")

    def write(script: str) -> None:
        place = home / "docker"
        place.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        place.chmod(place.stat().st_mode | stat.S_IXUSR)

    return write


def diagnose(*args: str) -> Ran:
    return viscaffold("diagnose", *args)


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = diagnose("orders")

    assert ran.code == 1
    assert "neither docker nor podman" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "does not answer"),
        ("permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock", "not allowed to use"),
    ],
)  # fmt: skip
def test_a_daemon_that_is_out_of_reach_is_an_error_with_advice(
    fake: Fake, words: str, said: str
) -> None:
    fake(f"echo '{words}' >&2; exit 1")
    ran = diagnose("orders", "--json")

    assert ran.code == 1
    assert said in ran.err
    assert "Try:" in ran.err
    assert ran.out == ""


def test_a_daemon_that_hangs_is_not_waited_for(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffolder.docker.client.SECONDS", 0.5)
    fake("sleep 60")
    began = time.monotonic()
    with pytest.raises(Exception, match="the daemon hangs"):
        Engine("docker").ask("ps", seconds=0.5)

    assert time.monotonic() - began < 5


def test_a_comparison_of_whole_trees_is_not_waited_for(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SECONDS", 0.5)
    fake("echo 'A /var/log/app.log'")
    found = changes.changes(Engine("docker"), "orders")
    fake("echo 'A /var/log/app.log'; sleep 60")

    assert found == (("A", "/var/log/app.log"),)
    assert changes.changes(Engine("docker"), "orders") is None


def test_an_unknown_target_names_the_closest(fake: Fake) -> None:
    fake(
        'case "$1" in ps) case "$*" in *Label*) ;; *) echo orders-api; echo billing;; esac;;'
        " images) ;; *) echo 'No such object' >&2; exit 1;; esac"
    )
    ran = diagnose("order-api")

    assert ran.code == 2
    assert "did you mean orders-api" in ran.err


def test_an_ambiguous_id_is_refused(fake: Fake) -> None:
    fake('[ "$1" = ps ] && exit 0; echo "multiple IDs found with provided prefix: ab" >&2; exit 1')
    ran = diagnose("ab")

    assert ran.code == 2
    assert "more than one" in ran.err


def test_without_a_target_and_a_terminal_it_lists_what_looks_unwell(fake: Fake) -> None:
    row = {"name": "orders", "status": "Exited (1) 2 minutes ago", "state": "exited", "labels": ""}
    fake(f"case \"$*\" in *'json .Names'*) echo '{json.dumps(row)}';; esac")
    ran = diagnose()

    assert ran.code == 2
    assert "orders  Exited (1)" in ran.err
    assert "viscaffold diagnose orders" in ran.err


def test_a_target_and_a_service_are_one_too_many(fake: Fake) -> None:
    fake("exit 0")

    assert diagnose("x", "--compose", "y").code == 2


def test_output_is_read_up_to_a_limit_only() -> None:
    began = time.monotonic()
    ran = process.run(["cat", "/dev/zero"], seconds=20, limit=1 << 20)

    assert len(ran.out) == 1 << 20
    assert time.monotonic() - began < 10


def test_what_runs_too_long_is_ended() -> None:
    ran = process.run(["sleep", "60"], seconds=0.2, limit=10)

    assert ran.slow
    assert ran.code is None
