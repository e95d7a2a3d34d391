"""Redis servers on this machine, with a password, and sockets that stand in for broken ones."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from certificates import Certificate
from redis.backoff import NoBackoff
from redis.retry import Retry
from running import free_port

PASSWORD = "hunter2/@ä"
WRITTEN = "hunter2%2F%40%C3%A4"
"""The same in a URL."""
SECONDS = 10.0


def require_redis() -> None:
    """Skip where there is no Redis, with the reason; fail where there has to be one."""
    if shutil.which("redis-server"):
        return
    reason = "the stage cache: redis-server was not found; scripts/services installs it"
    if os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)


class Redis:
    """A server that can be started, stopped and paused at will; it keeps nothing on disk."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.socket = directory / "redis.sock"
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.is_paused = False

    @property
    def url(self) -> str:
        return f"redis://:{WRITTEN}@127.0.0.1:{self.port}/3"

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        self._run("--port", str(self.port), *options)

    def start_with_tls(self, certificate: Certificate) -> None:
        self._run("--port", "0", "--tls-port", str(self.port), *tls_options(certificate))

    def _run(self, *options: str) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--dir", str(self._directory)]
        command += ["--save", "", "--requirepass", PASSWORD, *self._options, *options]
        log = self._directory / "redis.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + SECONDS
        while b"Ready to accept connections" not in log.read_bytes():
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.01)

    def runs(self) -> bool:
        return self._process is not None

    def ask(self, *command: str | int) -> Any:  # noqa: ANN401 - whatever it answers
        """Run a command in the database that services use."""
        with redis.Redis(
            port=self.port,
            db=3,
            password=PASSWORD,
            socket_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return client.execute_command(*command)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process, self.is_paused = None, False

    def pause(self) -> None:
        self._signal(signal.SIGSTOP, paused=True)

    def resume(self) -> None:
        self._signal(signal.SIGCONT, paused=False)

    def _signal(self, number: signal.Signals, *, paused: bool) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self.is_paused = paused


@contextmanager
def redis_server(directory: Path, *options: str) -> Iterator[Redis]:
    """Start a server; it has ended afterwards."""
    require_redis()
    server = Redis(directory, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def stand_in(port: int, says: bytes | None = b"", *, closes: bool = False) -> Iterator[None]:
    """Listen on a port, and answer everything that comes with the same; None is no answer."""
    listener = socket.create_server(("127.0.0.1", port))
    held: list[socket.socket] = []

    def answer(connection: socket.socket) -> None:
        with suppress(OSError):
            while not closes and says is not None and connection.recv(65536):
                connection.sendall(says)
            if closes:
                connection.sendall(says or b"")
                connection.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        # A thread that waits for it would keep it open.
        for one in (listener, *held):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def tls_options(certificate: Certificate) -> Sequence[str]:
    """Return what a server needs on its command line to answer with TLS."""
    files = {"cert": certificate.own, "key": certificate.key, "ca-cert": certificate.authority}
    options = (word for name, file in files.items() for word in (f"--tls-{name}-file", str(file)))
    return (*options, "--tls-auth-clients", "no")
