"""The health check of a service says yes to this service while it lives, and to nothing else."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from conftest import MakeApplication
from running import Program, free_port
from served import HOST, Served, wait_until

PATIENCE = 3.0
"""Seconds that a check may take."""


def check(
    program: Program, port: "int | str", host: str = "127.0.0.1", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command for HEALTHCHECK."""
    rust = program.language == "rust"
    command = [*program.command, "health"] if rust else [sys.executable, "-m", "orders.health"]
    address = {"HOST": host, "PORT": str(port)}
    return subprocess.run(
        command,
        env={**os.environ, **program.variables, **address, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def fails(program: Program, port: "int | str", reason: str, host: str = "127.0.0.1") -> None:
    checked = check(program, port, host)

    assert (checked.returncode, checked.stdout) == (1, "")
    assert reason in checked.stderr


@contextmanager
def answering(answer: bytes, host: str = "127.0.0.1", pause: float = 0.0) -> Iterator[int]:
    """Give every connection an answer, byte by byte if there is a pause; return the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        thread = Thread(target=_answer, args=(listener, answer, pause), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _answer(listener: socket.socket, answer: bytes, pause: float) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Thread(target=_say, args=(connection, answer, pause), daemon=True).start()


def _say(connection: socket.socket, answer: bytes, pause: float) -> None:
    with connection, suppress(OSError):
        connection.recv(4096)
        parts = [answer[at : at + 1] for at in range(len(answer))] if pause else [answer]
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)


def own() -> bytes:
    """Return what the service itself answers."""
    instance = f"orders {Path('/proc/self/ns/pid').readlink()}"
    header = f"x-service-instance: {instance}\r\n"
    return f"HTTP/1.1 200 OK\r\n{header}content-length: 2\r\n\r\n{{}}".encode()


def test_the_answer_of_this_service_is_believed(application: MakeApplication) -> None:
    with answering(own()) as port:
        checked = check(application(), port)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == f"the service answers on 127.0.0.1:{port}\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "another program"),
        (b'HTTP/1.0 200 OK\r\nServer: nginx\r\n\r\n{"status":"ok"}', "another program"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /health/live\r\n\r\n", "status 301 instead of 200"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "status 404 instead of 200"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503 instead of 200"),
        (own().replace(b"200 OK", b"503 No"), "status 503 instead of 200"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "status none instead of 200"),
        (b"200", "status none instead of 200"),
        (b"", "status none instead of 200"),
        (bytes(range(256)) * 64, "status none instead of 200"),
        (
            own().replace(b"orders pid", b"payments pid"),
            "is answered by another instance: 'payments",
        ),
        (own().replace(b"pid:[", b"pid:[1"), "is answered by another instance: 'orders pid:[1"),
        (own().replace(b"content", b"X-Service-Instance: x\r\ncontent"), "another instance"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "another program"),
    ],
)
def test_the_answer_of_another_is_not(
    application: MakeApplication, answer: bytes, reason: str
) -> None:
    with answering(answer) as port:
        fails(application(), port, reason)


def test_bytes_that_trickle_do_not_hold_it(application: MakeApplication) -> None:
    began = time.monotonic()
    with answering(own(), pause=PATIENCE / 10) as port:
        fails(application(), port, f"no answer from 127.0.0.1:{port} in time: the service hangs")

    assert time.monotonic() - began < 2 * PATIENCE


def test_a_socket_that_nobody_accepts_on_is_no_answer(application: MakeApplication) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=4) as deaf:
        port = deaf.getsockname()[1]
        fails(application(), port, "in time: the service hangs or is frozen")


def test_where_nobody_listens_there_is_no_answer(application: MakeApplication) -> None:
    port = free_port()
    fails(application(), port, f"no answer from 127.0.0.1:{port}: Connection refused")


@pytest.mark.parametrize("port", ["", "eighty", "0", "-1", "65536", "8080.0", "9" * 5000])
def test_a_wrong_port_is_no_address(application: MakeApplication, port: str) -> None:
    fails(application(), port, "no address to ask: HOST is '127.0.0.1', PORT is ")


@pytest.mark.parametrize("host", ["", "[::]", "no.such.host.invalid", "a" * 300, "ä" * 80])
def test_a_wrong_host_is_no_address(application: MakeApplication, host: str) -> None:
    fails(application(), "8080", "no address to ask: HOST is ", host)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "127.0.0.1", "127.1", "localhost"])
def test_a_service_is_asked_where_it_listens(application: MakeApplication, host: str) -> None:
    with answering(own(), "0.0.0.0") as port:
        assert check(application(), port, host).returncode == 0


@pytest.mark.parametrize("host", ["::", "::1", "0:0:0:0:0:0:0:1"])
def test_a_service_is_asked_by_ipv6(application: MakeApplication, host: str) -> None:
    try:
        with answering(own(), "::1") as port:
            assert check(application(), port, host).returncode == 0
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")


def test_a_service_that_listens_everywhere_is_found_without_ipv6(
    application: MakeApplication,
) -> None:
    with answering(own(), "127.0.0.1") as port:
        assert check(application(), port, "::").returncode == 0


def test_it_heeds_no_proxy(application: MakeApplication) -> None:
    proxy = "http://127.0.0.1:9"
    with answering(own()) as port:
        assert check(application(), port, http_proxy=proxy, HTTP_PROXY=proxy).returncode == 0


def test_a_service_is_healthy_once_it_has_started_and_until_it_is_frozen(
    application: MakeApplication,
) -> None:
    program = application()
    with program.start(ready=False, SECOND_OPENS="hangs", SUPERVISE="0") as run:
        run.wait_for_line("hanging")
        fails(program, run.port, "Connection refused")
    with program.start(SUPERVISE="0") as run:
        assert check(program, run.port).returncode == 0
        run.send(signal.SIGSTOP)
        fails(program, run.port, "in time: the service hangs or is frozen")


def test_a_service_whose_threads_are_all_blocked_is_unhealthy(
    application: MakeApplication,
) -> None:
    program = application()
    with program.start(SUPERVISE="0") as run:
        service = Served(run, program.language)
        for _ in range(2 * (os.cpu_count() or 1)):
            service.hold(b"GET /block?seconds=30 HTTP/1.1\r\n" + HOST + b"\r\n")

        def is_blocked() -> bool:
            return check(program, run.port).returncode == 1

        wait_until(is_blocked, "it is healthy")
        fails(program, run.port, "in time: the service hangs or is frozen")
        service.let_go()


def test_it_costs_little(application: MakeApplication) -> None:
    program = application()
    with program.start() as run:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(10):
            assert check(program, run.port).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    limit = 0.01 if program.language == "rust" else 0.06
    assert took / 10 < limit
