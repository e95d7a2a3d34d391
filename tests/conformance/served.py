"""A service that runs, and requests to it of any kind."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from running import Program, Run

SECONDS = 20.0
"""Within which what has to happen happens, on a busy machine, too."""
HOST = b"Host: x\r\n"
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: "http.client.HTTPMessage"
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever it says
        return json.loads(self.body)


class Served:
    """A service that answers requests, and the connections that are held to it."""

    def __init__(self, run: Run, language: str) -> None:
        self.run = run
        self.language = language
        self.port = run.port
        self.held: list[socket.socket] = []

    def log(self) -> str:
        return self.run.log()

    def hold(self, data: bytes = b"", *, patience: float = SECONDS) -> socket.socket:
        """Open a connection that stays open, and send something."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=patience)
        self.held.append(connection)
        connection.sendall(data)
        return connection

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: "bytes | Iterator[bytes] | None" = None,
        headers: Mapping[str, str] = NONE,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def exchange(self, data: bytes) -> bytes:
        """Send bytes, and return all that comes until the service closes the connection."""
        connection = self.hold(data)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
        except ConnectionResetError:
            pass  # it has not read everything
        return found

    def status(self, data: bytes) -> int:
        """Return the status of the first answer to some bytes."""
        return int(self.hold(data).recv(65536).split()[1])

    def is_live(self) -> bool:
        return self.ask("/health/live").status == 200

    def let_go(self) -> None:
        for connection in self.held:
            connection.close()
        self.held.clear()


@contextmanager
def serving(program: Program, *, limit: str = ":", **variables: str) -> Iterator[Served]:
    """Run a service; it has to be alive afterwards, and to stop with status 0."""
    with program.start(ready=True, limit=limit, **variables) as run:
        service = Served(run, program.language)
        try:
            yield service
            assert service.is_live(), run.log()[-2000:]
        finally:
            service.let_go()
        assert run.stop() == 0, run.log()[-2000:]


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the other side has closed a connection, whatever it said before."""
    connection.settimeout(0)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
