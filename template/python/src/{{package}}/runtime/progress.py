"""Whether a service makes progress: its heartbeat, its port and the CPU time that it got.

None of these alone is proof. A heartbeat is missing on a machine too slow to run anything, a port
does not answer behind a firewall, and a process that sleeps may have nothing to do.
"""

import _socket  # socket would add a twentieth to the supervisor's memory
import errno

from . import procfs

ASK_SECONDS = 5.0  # between two requests to the port
ASK_SOON = 1.0  # without a heartbeat for this long, the port is asked at once
REQUEST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
Address = tuple[str, int]


class Progress:
    """How long a process has made no progress, although it could have run."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.beat = 0.0
        self.still = 0.0  # seconds without a heartbeat in which it could run
        self.idle = 0.0  # those of them in which it did not run either: it waits
        self.free = 0.0  # seconds of the last interval in which it could run
        self.stopped = False  # by a signal
        self._times = procfs.times(process)

    def look(self, beat: float, elapsed: float, at_most: float) -> None:
        """Count the time since the last look, at most `at_most` seconds of it.

        During the rest, the machine was suspended or the container was paused.
        """
        before, self._times = self._times, procfs.times(self.process)
        deltas = [
            (ran - before[name][0], waited - before[name][1])
            for name, (ran, waited) in self._times.items()
            if name in before
        ]
        ran = sum(delta[0] for delta in deltas)
        waited = max((delta[1] for delta in deltas), default=0.0)
        self.stopped = procfs.state(self.process) in procfs.STOPPED
        self.free = 0.0 if self.stopped else min(max(elapsed - waited, 0.0), at_most)
        self.still = self.still + self.free if beat == self.beat else 0.0
        self.idle = self.idle + max(self.free - ran, 0.0) if self.still else 0.0
        self.beat = beat


class Port:
    """Whether the service answers on its port; never blocks."""

    def __init__(self) -> None:
        self.silent = 0.0  # seconds in which the service could have answered but did not
        self.refused = False
        self.answered = False  # since the last look
        self._connection: _socket.socket | None = None
        self._sent = False
        self._rest = 0.0  # seconds until it is asked again

    def look(self, address: Address, progress: Progress) -> None:
        """Check whether the last request was answered; send the next one when it is due."""
        self.answered = False
        if self._connection is not None or self.refused:
            self.silent += progress.free
        if self._connection is not None:
            self._read(self._connection)
        self._rest -= progress.free
        if self._connection is None and (self._rest <= 0 or progress.still >= ASK_SOON):
            self._ask(address)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, address: Address) -> None:
        self._rest = ASK_SECONDS
        self._sent = False
        try:
            family = _socket.AF_INET6 if ":" in address[0] else _socket.AF_INET
            self._connection = _socket.socket(family)
        except OSError:
            return  # no file left for a connection: no evidence
        self._connection.settimeout(0)
        self._connection.connect_ex(address)
        self._read(self._connection)

    def _read(self, connection: _socket.socket) -> None:
        try:
            self._sent = self._sent or connection.send(REQUEST) > 0
            connection.recv(1)
        except BlockingIOError:
            return
        except OSError as problem:
            self.refused = problem.errno == errno.ECONNREFUSED
        else:
            self.refused = False
        self.close()
        if not self.refused:  # even where the service only closed the connection
            self.answered = True
            self.silent = 0.0
