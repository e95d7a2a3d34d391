"""What kills the service from outside, or cannot be reported by it, is named by its supervisor."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from conftest import Imported
from running import free_port, started, wait_for

if TYPE_CHECKING:
    import subprocess

TIMEOUT = 20

Running = Callable[..., "tuple[subprocess.Popen[str], int]"]


@pytest.fixture
def supervisor(imported: Imported) -> ModuleType:
    return imported("runtime.supervisor")


@pytest.fixture
def running(pristine: Callable[[tuple[str, ...]], Path]) -> Iterator[Running]:
    """Start the service; return the process started, and the number of the one that serves."""
    with ExitStack() as stack:

        def start(**variables: str) -> "tuple[subprocess.Popen[str], int]":
            port = str(free_port())
            process = stack.enter_context(started(pristine(()), PORT=port, **variables))
            assert process.stdout
            first = process.stdout.readline()
            found = re.search(r"process (\d+)", first)
            assert found, first
            wait_for(f"http://127.0.0.1:{port}/health/live")
            return process, int(found[1])

        yield start


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (signal.SIGKILL, "killed by SIGKILL (signal 9) from outside; not for its memory"),
        (signal.SIGSEGV, "killed by SIGSEGV (signal 11): native code used memory"),
        (signal.SIGUSR1, "killed by SIGUSR1 (signal 10), sent by a process"),
    ],
)
def test_a_signal_that_kills_it_is_named(
    running: Running, number: signal.Signals, line: str
) -> None:
    process, service = running()
    os.kill(service, number)
    output, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 128 + number
    assert line in output
    assert "last logged:" in output


@pytest.mark.parametrize(("status", "asked"), [(0, signal.SIGINT), (78, signal.SIGTERM)])
def test_a_signal_that_comes_again_after_its_end_changes_nothing(
    imported: Imported, status: int, asked: signal.Signals
) -> None:
    """A terminal and `uv run` send Ctrl-C twice; Python ends without the service's handler."""
    explain = imported("runtime.exit_reason").explain
    no_kills = imported("runtime.cgroup").Kills(0, 0)

    assert explain(-asked, asked, status, no_kills) == (status, None)
    assert "had finished its work" in explain(-signal.SIGHUP, asked, status, no_kills)[1][1]
    assert explain(-asked, asked, None, no_kills)[1] is not None


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_every_signal_that_asks_to_stop_is_passed_on(
    running: Running, number: signal.Signals
) -> None:
    process, _ = running()
    process.send_signal(number)
    output, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, output
    assert f"stopped by {number.name}" in output
    assert "CRITICAL" not in output


def test_a_signal_that_is_to_be_ignored_is_nobodys_request(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _number: signal.SIG_IGN)
    ignored = imported("runtime.supervised").ignored()

    assert ignored == {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT}


def test_a_service_that_is_stopped_is_not_called_blocked(running: Running) -> None:
    process, service = running()
    os.kill(service, signal.SIGSTOP)
    time.sleep(5)
    os.kill(service, signal.SIGCONT)
    process.terminate()
    output, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, output
    assert output.count("it is stopped by a signal (SIGSTOP)") == 1
    assert "blocked" not in output


def test_the_service_does_not_outlive_its_supervisor(running: Running) -> None:
    process, _ = running()
    process.kill()
    output, _ = process.communicate(timeout=TIMEOUT)  # ends when the service has closed its output

    assert "was killed: the service stops with it" in output


def test_without_a_supervisor_there_is_one_process(running: Running) -> None:
    process, service = running(SUPERVISE="0")
    assert service == process.pid
    process.terminate()
    output, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, output
    assert "stopped by SIGTERM" in output


def test_a_signal_that_the_application_uses_itself_need_not_mean_a_stop(
    imported: Imported, supervisor: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = imported("runtime.shared_state").SharedState()
    page.own()
    monkeypatch.setattr(supervisor, "shared", page)
    watching = supervisor.Supervisor(os.getpid())
    watching.asked, watching.asked_at = signal.SIGHUP, time.monotonic()
    page.asked = 1

    assert watching.is_asked()
    page.kept = 1 << signal.SIGHUP
    assert not watching.is_asked()
    assert page.asked  # for as long as the end of the service can be an answer to it
    watching.asked_at -= supervisor.STOP_SECONDS + 1
    assert not watching.is_asked()
    assert not page.asked


def test_only_handlers_of_the_application_keep_a_signal(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = imported("runtime.stop").Stopping()
    handlers = {signal.SIGHUP: print, signal.SIGINT: stopping.note, signal.SIGTERM: print}
    monkeypatch.setattr(signal, "getsignal", lambda number: handlers.get(number, signal.SIG_DFL))

    assert stopping.kept() == {signal.SIGHUP}
    stopping.asked = signal.SIGHUP
    assert not stopping.kept()


def test_a_supervisor_that_is_paused_makes_up_no_signals(running: Running) -> None:
    process, served = running()
    for _ in range(4):
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1.3)  # past the second for which it waits
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGTERM)
    output, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, output
    assert served != process.pid
    assert "supervisor" not in output
