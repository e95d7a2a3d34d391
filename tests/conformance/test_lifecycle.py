"""How a service starts and ends: words and exit statuses are the same in each language."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import MakeProgram
from running import START_SECONDS, Program, free_port

LINE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.:]+: "
TITLES = {"python": r"Python 3\.\d+\.\d+", "rust": r"version 0\.1\.0"}
SECONDS = 20.0

NETWORKS = "expected IP addresses, or networks like 10.0.0.0/8, comma-separated; or * alone"
WRONG = {
    "HOST": ("", "is empty: expected some text; or unset it for its default"),
    "PORT": ("eighty", "is 'eighty': expected a whole number from 1 to 65535"),
    "LOG_LEVEL": (
        "LOUD",
        "is 'LOUD': expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
    ),
    "START_SECONDS": ("0", "is '0': expected a whole number from 1 to 86400"),
    "MAX_CONNECTIONS": ("9" * 99, f"is '{'9' * 99}': expected a whole number from 1 to 100000"),
    "MAX_BODY_BYTES": ("-1", "is '-1': expected a whole number from 1 to 1073741824"),
    "KEEP_ALIVE_SECONDS": ("7.5", "is '7.5': expected a whole number from 1 to 3600"),
    "FORWARDED_ALLOW_IPS": (
        "proxy",
        f"is 'proxy': {NETWORKS}",
    ),
    "ROOT_PATH": (
        "shop/",
        "is 'shop/': expected a path that begins with a slash and does not end in one, like /shop",
    ),
    "CORS_ORIGINS": (
        "example.com",
        "is 'example.com': expected origins like https://example.com, comma-separated; or * alone",
    ),
}


def is_gone(process: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


def test_it_says_what_starts_and_where_it_listens(program: MakeProgram) -> None:
    service = program()
    with service.start() as run:
        run.wait_for_line("listening on")
        assert run.stop() == 0
    first, *others = [
        line for line in run.log().splitlines() if "reachable only from inside" not in line
    ]

    where = re.escape(str(run.place))
    start = rf"starting orders: {TITLES[service.language]}, process \d+, in {where}"
    assert re.fullmatch(LINE + start, first)
    assert re.fullmatch(LINE + rf"listening on 127\.0\.0\.1:{run.port}", others[0])
    assert all(re.match(LINE, line) for line in run.log().splitlines())


def test_every_wrong_setting_is_named_at_once(program: MakeProgram) -> None:
    wrong = {name: value for name, (value, _) in WRONG.items()}
    with program().start(ready=False, **wrong) as run:
        assert run.wait() == 78
        found = re.findall(LINE.replace("(", "(?:") + r"setting (.*)", run.log())
        assert "listening" not in run.log()

    assert found == [f"{name} {problem}" for name, (_, problem) in WRONG.items()]


@pytest.mark.parametrize(
    "value", ["eighty\n2026-01-01 00:00:00,000 INFO x: forged", "\x1b[2J", "ä€'\""]
)
def test_a_value_is_quoted_so_that_it_forges_no_line(program: MakeProgram, value: str) -> None:
    with program().start(ready=False, PORT=value) as run:
        assert run.wait() == 78
        lines = run.log().splitlines()

    assert all(re.match(LINE, line) for line in lines)
    assert len([line for line in lines if "setting PORT is " in line]) == 1
    assert "\x1b" not in run.log()


def test_a_port_that_another_process_has_is_named(program: MakeProgram) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with program().start(ready=False, PORT=str(port)) as run:
            assert run.wait() == 71
            expected = f"cannot listen on 127.0.0.1:{port}: another process has this port; stop it"
            assert expected in run.log()
            assert run.log().count("CRITICAL") == 1


def test_an_address_that_the_machine_does_not_have_is_named(program: MakeProgram) -> None:
    with program().start(ready=False, HOST="192.0.2.1") as run:
        assert run.wait() == 71
        assert "this machine does not have the address; set HOST to one that it has" in run.log()


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT],
    ids=lambda number: number.name,
)
@pytest.mark.parametrize("supervise", ["1", "0"])
def test_a_request_to_stop_ends_it_with_0(
    program: MakeProgram, number: signal.Signals, supervise: str
) -> None:
    with program().start(SUPERVISE=supervise) as run:
        began = time.monotonic()
        assert run.stop(number) == 0
        assert time.monotonic() - began < 5
        assert f"stopped by {number.name}" in run.log()
        assert "CRITICAL" not in run.log()


def test_a_terminals_signal_to_all_of_it_is_one_request(program: MakeProgram) -> None:
    with program().start() as run:
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.wait() == 0
        assert run.log().count("stopped by SIGINT") == 1


@pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.05, 0.1, 0.2])
def test_a_stop_at_any_moment_of_the_start_ends_it_with_0(
    program: MakeProgram, after: float
) -> None:
    with program().start(ready=False) as run:
        run.wait_for_line("starting orders")
        time.sleep(after)
        assert run.stop() == 0
        assert "stopped by SIGTERM" in run.log()
        assert "CRITICAL" not in run.log()


def test_a_connection_that_is_open_does_not_delay_the_stop(program: MakeProgram) -> None:
    with program().start() as run, socket.create_connection(("127.0.0.1", run.port)) as idle:
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        assert run.stop() == 0
        assert time.monotonic() - began < 3


def test_after_a_stop_nobody_answers(program: MakeProgram) -> None:
    with program().start() as run:
        served = run.served_by()
        assert run.stop() == 0
        assert is_gone(served)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", run.port), 1)


def test_without_a_supervisor_there_is_one_process(program: MakeProgram) -> None:
    with program().start(SUPERVISE="0") as run:
        assert run.served_by() == run.process.pid
    with program().start() as run:
        assert run.served_by() != run.process.pid


def test_it_does_not_outlive_its_supervisor(program: MakeProgram) -> None:
    with program().start() as run:
        served = run.served_by()
        run.send(signal.SIGKILL)
        run.wait()
        deadline = time.monotonic() + SECONDS
        while not is_gone(served):
            assert time.monotonic() < deadline, run.log()
            time.sleep(0.05)
        assert "was killed: the service stops with it" in run.log()


def test_in_the_background_of_a_script_it_ignores_what_it_inherits(program: MakeProgram) -> None:
    """A shell's `&` has SIGINT and SIGQUIT ignored, and nohup SIGHUP."""
    with program().start(limit="trap '' HUP INT QUIT") as run:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            run.send(number)
            run.send_inside(number)
        time.sleep(1)
        assert run.status is None, run.log()
        assert "stopped" not in run.log()
        assert run.stop() == 0


def test_sigterm_stops_it_even_if_it_inherits_that_it_is_ignored(program: MakeProgram) -> None:
    with program().start(limit="trap '' TERM") as run:
        assert run.stop() == 0


@pytest.mark.parametrize("supervise", ["1", "0"])
def test_without_anybody_who_reads_its_log_it_ends_with_74(
    program: MakeProgram, supervise: str
) -> None:
    with program().start(ready=False, limit="exec >&- 2>&-", SUPERVISE=supervise) as run:
        assert run.wait() == 74


def test_a_log_whose_reader_goes_is_written_to_the_other_stream(program: MakeProgram) -> None:
    process = started(program())
    assert process.stdout
    assert process.stderr
    assert "starting orders" in process.stdout.readline()
    process.stdout.close()
    assert "stdout cannot be written to (Broken pipe): its lines go to stderr" in (
        process.stderr.readline()
    )
    process.terminate()
    rest = process.stderr.read()
    process.stderr.close()

    assert process.wait(START_SECONDS) == 0
    assert "stopped by SIGTERM" in rest


def test_with_the_readers_of_both_streams_gone_it_ends_with_74(program: MakeProgram) -> None:
    process = started(program())
    assert process.stdout
    assert process.stderr
    assert "starting orders" in process.stdout.readline()
    process.stdout.close()
    process.stderr.close()
    process.terminate()

    assert process.wait(START_SECONDS) == 74


def test_what_watches_its_health_is_not_in_the_log(program: MakeProgram) -> None:
    with program().start() as run:
        assert "/health" not in run.log()


def started(service: Program) -> "subprocess.Popen[str]":
    """Start a service whose streams are two pipes."""
    own = {"HOST": "127.0.0.1", "PORT": str(free_port())}
    return subprocess.Popen(
        service.command,
        env={**os.environ, **service.variables, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
