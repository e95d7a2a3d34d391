"""What services depend on: a server of each kind, names, and disks that can be full."""

import os
import pwd
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest
from certificates import Certificate, certificate
from collector import Collector, collecting
from harness import wait_until
from postgresql_server import Server, postgresql_server
from redis_server import Redis, redis_server, tls_options
from running import free_port

HOST = "dependency.test"
"""A name that only the file of names knows."""
HOSTS = "127.0.0.1 localhost\n"
CHUNK = 4096
BUSY_SECONDS = 10


class Tables(Protocol):
    """The tables of a service in its database."""

    def take_back(self) -> None:
        """Have its migrations missing."""

    def apply(self) -> None:
        """Apply them again."""

    def age(self) -> None:
        """Have them look like those of newer code."""

    def renew(self) -> None:
        """Have them as they were."""


class Surroundings:
    """Servers, disks and names, that each service can be given."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.directory = directory
        self.tables: Tables
        """Of the service that is played with."""
        self.hosts = directory / "hosts"
        self.know_names()
        self.certificate = certificate(directory)
        self.server: Server = stack.enter_context(postgresql_server())
        self.redis_tls_port = free_port()
        tls_port = ("--tls-port", str(self.redis_tls_port))
        tls = tls_options(self.certificate)
        self.redis: Redis = stack.enter_context(redis_server(directory, *tls_port, *tls))
        self.collecting = ExitStack()
        stack.callback(self.collecting.close)
        self.collector = self._collector(free_port())
        self.disk = self._mounted("disk", "8m")
        self.server_disk = self._mounted("server-disk", "4m")
        os.chown(self.server_disk, pwd.getpwnam("nobody").pw_uid, -1)

    def know_names(self) -> None:
        """Have the name of all servers known."""
        # In place: it is mounted over the system's.
        self.hosts.write_text(f"{HOSTS}127.0.0.1 {HOST}\n", encoding="utf-8")

    def forget_names(self) -> None:
        """Have it unknown."""
        self.hosts.write_text(HOSTS, encoding="utf-8")

    @property
    def prefix(self) -> tuple[str, ...]:
        """What is put before a command, so that it knows these names only."""
        shell = f'mount --bind {self.hosts} /etc/hosts; exec "$0" "$@"'
        return ("unshare", "--mount", "--", "sh", "-c", shell)

    def stop_collector(self) -> None:
        """End it; nothing listens on its port."""
        self.collecting.close()

    def start_collector(self) -> None:
        """Start it on the same port."""
        self.collector = self._collector(self.collector.port)

    def _collector(self, port: int) -> Collector:
        return self.collecting.enter_context(collecting(port))

    def remount(self, option: str) -> None:
        """Have the disk of SQLite read-only (`ro`) or not (`rw`)."""
        command = ["mount", "-o", f"remount,{option}", str(self.disk)]
        # It is busy for as long as what a service has removed is not quite gone.
        done = wait_until(lambda: not subprocess.run(command, check=False).returncode, BUSY_SECONDS)
        assert done, f"{self.disk} is busy"

    def _mounted(self, name: str, size: str) -> Path:
        place = self.directory / name
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        if ran.returncode:
            pytest.skip(f"this machine mounts no file system for tests: {ran.stderr.strip()}")
        self._stack.callback(lambda: subprocess.run(["umount", "--lazy", place], check=True))
        return place


@contextmanager
def surroundings(directory: Path) -> Iterator[Surroundings]:
    """Start all servers; they have ended afterwards."""
    with ExitStack() as stack:
        yield Surroundings(directory, stack)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Have a disk full."""
    rest = disk / "rest"
    with rest.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(CHUNK))
    yield
    rest.unlink()


@contextmanager
def demanding_tls(port: int, certificate: Certificate) -> Iterator[None]:
    """Listen on a port, and talk to nobody who does not encrypt."""
    context = certificate.context()
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
