"""The ports of the services that tests start."""

import socket
import subprocess
import sys
from pathlib import Path

import running

CLAIMS = "import sys; from running import free_port; print(*[free_port() for _ in range(50)])"


def claimed_by_another_process() -> "subprocess.Popen[str]":
    """Start a process that claims ports, prints them, and keeps them until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", CLAIMS + "; sys.stdout.flush(); sys.stdin.read()"],
        cwd=Path(running.__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_of_tests_never_get_the_same_port() -> None:
    others = [claimed_by_another_process() for _ in range(3)]
    ours = [running.free_port() for _ in range(50)]
    found = [port for other in others for port in other.stdout.readline().split()]  # type: ignore[union-attr]
    for other in others:
        other.communicate()

    assert len({*map(str, ours), *found}) == 200


def test_a_port_is_free_again_when_the_process_has_ended() -> None:
    other = claimed_by_another_process()
    assert other.stdout
    block = int(other.stdout.readline().split()[0])

    assert not running.claim(block)
    other.communicate()
    assert running.claim(block)


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    running.unused.append(port := running.free_port())
    with socket.create_server(("127.0.0.1", port)):
        assert running.free_port() != port


def test_a_thousand_ports_keep_few_files_open() -> None:
    script = (
        "import os; from running import free_port; before = len(os.listdir('/proc/self/fd'));"
        " [free_port() for _ in range(1000)]; print(len(os.listdir('/proc/self/fd')) - before)"
    )
    command = [sys.executable, "-c", script]
    place = Path(running.__file__).parent

    assert int(subprocess.check_output(command, cwd=place)) < 20


def test_no_port_is_one_that_the_system_gives_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = server.getsockname()[1]
    first_given = int(running.CONNECTIONS.read_text(encoding="utf-8").split()[0])

    assert running.FIRST_PORT <= running.free_port() < max(first_given, 2 * running.FIRST_PORT)
    assert first_given <= given
