"""A server that is started, asked and put under load."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from load import ask

LOAD_SECONDS = 2
BURST = 100
"""Requests at a time: few, so that what else the machine does is the same for both sides."""


class Service:
    """A server that can be started and put under load."""

    def __init__(self, command: list[str], cwd: Path, **variables: str) -> None:
        """Keep what starts it."""
        self.command, self.cwd, self.variables = command, cwd, variables

    def _started(self) -> tuple["subprocess.Popen[bytes]", int, float]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        start = time.perf_counter()
        process = self._launched(port, subprocess.DEVNULL)
        while True:
            try:
                with suppress(urllib.error.HTTPError):  # whatever the status, it answers
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
            except urllib.error.URLError:
                if process.poll() is not None:
                    sys.exit(f"{self.command} ended with status {process.returncode}")
                time.sleep(0.002)
            else:
                return process, port, time.perf_counter() - start

    def _launched(self, port: int, log: int) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **self.variables}
        command = [word.replace("PORT", str(port)) for word in self.command]
        return subprocess.Popen(command, cwd=self.cwd, env=environment, stdout=log, stderr=log)

    def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)

    def start(self) -> float:
        """Time from the start of the process to its first answer."""
        process, _, seconds = self._started()
        self._stop(process)
        return seconds

    def load(self) -> float:
        """Return the requests that it answers in a second."""
        process, port, _ = self._started()
        ran = subprocess.run(_asking(port), capture_output=True, text=True, check=True)
        self._stop(process)
        found = re.search(r"(\d+) requests in ([\d.]+)s", ran.stdout)
        if found is None:
            sys.exit(f"no number of requests in: {ran.stdout}")
        return int(found[1]) / float(found[2])

    @contextmanager
    def effort(self) -> Iterator[Callable[[], float]]:
        """Run it; yield what returns the seconds of a processor that each of some requests takes.

        Those of a supervisor do not count.
        """
        process, port, _ = self._started()
        serving = _serving(process)

        def measure() -> float:
            used = _used(serving)
            requests = ask(port, lambda sent: sent >= BURST)
            return (_used(serving) - used) / requests

        yield measure
        self._stop(process)

    def first_line(self) -> float:
        """Time from the start of the process to the first line of its log."""
        start = time.perf_counter()
        with self._launched(0, subprocess.PIPE) as process:
            if process.stdout is None or not process.stdout.readline():
                sys.exit(f"{self.command} has no log")
            seconds = time.perf_counter() - start
            process.kill()
        return seconds

    def memory(self) -> float:
        """Return the memory, in MiB, that it has after its first answer; without a supervisor's."""
        process, _, _ = self._started()
        found = _resident(_serving(process))
        self._stop(process)
        return found

    def supervisor_memory(self) -> float:
        """Return the memory, in MiB, of the process that was started."""
        process, _, _ = self._started()
        found = _resident(str(process.pid))
        self._stop(process)
        return found


def _serving(process: "subprocess.Popen[bytes]") -> str:
    """Return the process that serves: the child of a supervisor."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return (children.read_text(encoding="utf-8").split() or [str(process.pid)])[0]


def _used(process: str) -> float:
    """Return the seconds that a process has used of the processors."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(each.read_text(encoding="utf-8").split()[0]) for each in threads) / 1e9


def _resident(process: str) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def _asking(port: int) -> list[str]:
    """Return what puts a server under load: wrk, or a script that is slower than a Rust server."""
    if found := shutil.which("wrk"):
        load = ["-t1", "-c16", f"-d{LOAD_SECONDS}s"]
        return [found, *load, f"http://127.0.0.1:{port}/"]
    script = Path(__file__).with_name("load.py")
    return [sys.executable, str(script), str(port), str(LOAD_SECONDS)]
