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
from contextlib import suppress
from pathlib import Path

LOAD_SECONDS = 2


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
        found = re.search(r"^Requests/sec:\s*([\d.]+)$|^([\d.]+)$", ran.stdout, re.MULTILINE)
        if found is None:
            sys.exit(f"no requests per second in: {ran.stdout}")
        return float(found[1] or found[2])

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
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        serving = (children.read_text(encoding="utf-8").split() or [str(process.pid)])[0]
        found = _resident(serving)
        self._stop(process)
        return found

    def supervisor_memory(self) -> float:
        """Return the memory, in MiB, of the process that was started."""
        process, _, _ = self._started()
        found = _resident(str(process.pid))
        self._stop(process)
        return found


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
