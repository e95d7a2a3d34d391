"""What the service logs when it starts and stops, and when it cannot listen."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from running import START_SECONDS, free_port, started, wait_for

Pristine = Callable[[tuple[str, ...]], Path]


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_that_is_asked_for_ends_with_status_0(
    pristine: Pristine, asked: signal.Signals
) -> None:
    port = str(free_port())
    with started(pristine(()), PORT=port) as process:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        process.send_signal(asked)
        output, _ = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 0, output
    assert f"stopped by {asked.name}" in output
    assert "GET /health" not in output
    assert "starting orders" in output.splitlines()[0]


def test_wrong_settings_are_all_named_without_a_traceback(pristine: Pristine) -> None:
    with started(pristine(()), PORT="eighty", LOG_LEVEL="LOUD") as process:
        output, _ = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 78
    assert "setting PORT is 'eighty'" in output
    assert "setting LOG_LEVEL is 'LOUD'" in output
    assert "Traceback" not in output


def test_a_port_in_use_is_named_and_the_status_is_71(pristine: Pristine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(pristine(()), PORT=str(port)) as process:
            output, _ = process.communicate(timeout=START_SECONDS)

    assert process.returncode == 71
    assert f"cannot listen on 127.0.0.1:{port}: another process has this port" in output
