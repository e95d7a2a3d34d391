"""A service that gets no processor is not one that hangs."""

import socket
import time
from types import ModuleType

import pytest
from conftest import Imported

Times = dict[str, tuple[float, float]]


@pytest.fixture
def module(imported: Imported) -> ModuleType:
    return imported("runtime.progress")


@pytest.fixture
def procfs(imported: Imported) -> ModuleType:
    return imported("runtime.procfs")


@pytest.fixture
def times(procfs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Times:
    """The seconds that each thread has run, and has waited to run."""
    found: Times = {"1": (0.0, 0.0)}
    monkeypatch.setattr(procfs, "times", lambda _process: dict(found))
    monkeypatch.setattr(procfs, "state", lambda _process: "S")
    return found


def test_a_process_that_sleeps_is_still_and_idle(module: ModuleType, times: Times) -> None:
    assert times
    progress = module.Progress(1)
    progress.look(0.0, 1.0, 1.0)

    assert (progress.still, progress.idle) == (1.0, 1.0)


def test_a_process_that_waits_for_a_processor_could_not_move(
    module: ModuleType, times: Times
) -> None:
    progress = module.Progress(1)
    times["1"] = (0.05, 0.95)
    progress.look(0.0, 1.0, 1.0)

    assert progress.still == pytest.approx(0.05)
    assert progress.idle == pytest.approx(0.0)


def test_a_thread_that_keeps_the_others_waiting_counts_too(
    module: ModuleType, times: Times
) -> None:
    progress = module.Progress(1)
    times["2"] = (0.0, 0.0)
    progress.look(0.0, 1.0, 1.0)
    times["2"] = (0.05, 0.95)
    progress.look(0.0, 1.0, 1.0)

    assert progress.still == pytest.approx(1.05)


def test_a_heartbeat_ends_it(module: ModuleType, times: Times) -> None:
    assert times
    progress = module.Progress(1)
    progress.look(0.0, 1.0, 1.0)
    progress.look(5.0, 1.0, 1.0)

    assert progress.still == 0.0


def test_a_pause_of_the_machine_counts_once(module: ModuleType, times: Times) -> None:
    assert times
    progress = module.Progress(1)
    progress.look(0.0, 3600.0, 1.0)

    assert progress.still == 1.0


def test_a_process_that_is_stopped_does_not_stand_still(
    module: ModuleType, procfs: ModuleType, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert times
    monkeypatch.setattr(procfs, "state", lambda _process: "T")
    progress = module.Progress(1)
    progress.look(0.0, 1.0, 1.0)

    assert progress.stopped
    assert progress.still == 0.0


def test_a_port_that_answers_is_not_silent(module: ModuleType, times: Times) -> None:
    assert times
    progress, port = module.Progress(1), module.Port()
    progress.look(1.0, 1.0, 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port.look(server.getsockname(), progress)
        connection, _ = server.accept()
        port.look(server.getsockname(), progress)
        silent = port.silent
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            time.sleep(0.1)
            port.look(server.getsockname(), progress)

    assert silent == 1.0
    assert port.silent == 0.0


def test_a_port_that_nobody_listens_on_is_refused(module: ModuleType, times: Times) -> None:
    assert times
    progress, port = module.Progress(1), module.Port()
    progress.look(1.0, 1.0, 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    port.look(address, progress)
    port.look(address, progress)

    assert port.refused
    assert port.silent == 1.0
