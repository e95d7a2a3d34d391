"""Services as processes, and the commands of a document, for the tests that run them for real."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

START_SECONDS = 30
FIRST_PORT = 10_000
CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The ports that the system itself gives away: to connections, and to whoever asks for any."""

BLOCK = 64
"""How many ports are claimed at once: a claim is a file that stays open."""

claims: dict[int, socket.socket] = {}
"""The first ports of the blocks that this process has claimed, for as long as it lives."""

unused: list[int] = []
"""The ports of these blocks that no test has got yet."""

_taking = threading.Lock()


def free_port() -> int:
    """Return a port that nobody listens on, and that stays so until a test's service takes it.

    Any port that the system picks could be picked for another process before the service starts.
    """
    with _taking:
        while True:
            while unused:
                if is_free(port := unused.pop()):
                    return port
            unused.extend(reversed(_claimed_block()))


def _claimed_block() -> range:
    first_given = int(CONNECTIONS.read_text(encoding="utf-8").split()[0])
    # Where the system's range begins too low, claims still keep the tests apart.
    end = max(first_given, 2 * FIRST_PORT) - BLOCK + 1
    first = next(port for port in range(FIRST_PORT, end, BLOCK) if claim(port))
    return range(first, first + BLOCK)


def claim(first: int) -> bool:
    """Claim a block of ports among all processes of tests, unless one has it."""
    if first in claims:
        return False
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0viscaffold-tests-{first}")  # no file: the system frees it with the process
    except OSError:
        holder.close()
        return False
    claims[first] = holder
    return True


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def shell_commands(page: Path) -> list[str]:
    """Return what follows `$ ` in the console blocks of a Markdown page."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def wait_for(url: str) -> str:
    """Ask until it answers; return the body."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, f"{url} did not answer"
            time.sleep(0.05)


@contextmanager
def serving(command: str, cwd: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Run a service; it has to answer, and to end with status 0 when it is told to stop."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield process
        process.terminate()
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 0, output
    finally:
        process.kill()
        process.communicate()


@contextmanager
def started(service: Path, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a service called orders from its sources; what still runs afterwards is killed."""
    environment = {"PYTHONPATH": str(service / "src"), "HOST": "127.0.0.1", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "orders"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def command_lines() -> set[str]:
    """Return the command line of every process here; `ps` is not on every machine."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            found.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@dataclass(frozen=True)
class Program:
    """A service called orders that a test can start, whatever it is written in."""

    language: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def start(self, *, ready: bool = True, limit: str = ":", **variables: str) -> Iterator["Run"]:
        """Start it, and wait until it answers if it is to be `ready`; its end is the block's.

        `limit` is a command of a shell that sets up what the process inherits.
        """
        given = variables.get("PORT", "")
        port = int(given) if given.isdecimal() else free_port()
        environment = {"HOST": "127.0.0.1", "PORT": str(port), **self.variables, **variables}
        command = ["bash", "-c", f'{limit}; exec "$@"', "bash", *self.command]
        run = Run(command, {**os.environ, **environment}, port)
        try:
            if ready:
                run.wait_until_ready()
            yield run
        finally:
            run.end()


def python(service: Path) -> Program:
    """Return a service in Python, run from its sources."""
    command = (sys.executable, "-m", "orders")
    return Program("python", command, {"PYTHONPATH": str(service / "src")})


def rust(binary: Path) -> Program:
    """Return a service in Rust, as tests/rust_services.py has built it."""
    return Program("rust", (str(binary),))


def _is_stopped(process: int) -> bool:
    """Tell whether a signal has stopped all threads of a process (proc(5)): each in its time."""
    threads = Path(f"/proc/{process}/task").glob("*/stat")
    return all(stat.read_text(errors="replace").rpartition(")")[2][1] == "T" for stat in threads)


def process_in(log: str) -> int:
    """Return the number of the process that serves, from the first line of a log."""
    found = re.search(r"process (\d+)", log)
    assert found, log
    return int(found[1])


class Run:
    """A service that was started as a process; its log is all that it writes."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._output, name = tempfile.mkstemp()
        Path(name).unlink()
        # What it writes is nobody else's.
        self._place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.place = Path(self._place.name)
        self._ended = ""
        self.process = subprocess.Popen(
            command,
            cwd=self.place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self) -> str:
        """Return all that it has written, also when it has ended."""
        if self._output < 0:
            return self._ended
        size = os.fstat(self._output).st_size
        return os.pread(self._output, size, 0).decode(errors="replace")

    @property
    def status(self) -> int | None:
        """The exit status, as a shell has it; None while it runs."""
        status = self.process.poll()
        return status if status is None or status >= 0 else 128 - status

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started; it has stopped afterwards, if it is to."""
        self.process.send_signal(number)
        deadline = time.monotonic() + START_SECONDS
        while number is signal.SIGSTOP and not _is_stopped(self.process.pid):
            assert time.monotonic() < deadline, "it does not stop"
            time.sleep(0.01)

    def served_by(self) -> int:
        """Return the number of the process that serves, from its first line."""
        return process_in(self.log())

    def send_inside(self, number: signal.Signals) -> None:
        """Send a signal to the process that serves."""
        os.kill(self.served_by(), number)

    def pause(self) -> None:
        """Let none of its processes run."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let all of them go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        """Ask it to stop; return its exit status."""
        self.send(number)
        return self.wait(seconds)

    def wait(self, seconds: float = START_SECONDS) -> int:
        """Wait for its end; return its exit status."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended: {self.log()}") from None
        assert self.status is not None
        return self.status

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: self._answers("/health/live"), "it does not answer")

    def wait_for_line(self, part: str, seconds: float = START_SECONDS) -> None:
        self.wait_until(lambda: part in self.log(), f"nothing says {part!r}", seconds)

    def wait_until(
        self, true: Callable[[], bool], otherwise: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait for something that the service does while it runs."""
        deadline = time.monotonic() + seconds
        while not true():
            ended = f", and has ended with {self.status}" if self.status is not None else ""
            assert time.monotonic() < deadline, f"{otherwise}: {self.log()}"
            assert not ended or true(), f"{otherwise}{ended}: {self.log()}"
            time.sleep(0.02)

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self) -> None:
        """Kill what still runs of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._ended = self.log()
        self._place.cleanup()
        os.close(self._output)
        self._output = -1


def run_for(
    seconds: float,
    command: Sequence[str],
    log: BinaryIO,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program to its end, or for so long; nothing that it leaves behind lives on."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=log, stderr=log, start_new_session=True
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
