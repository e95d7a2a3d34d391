"""Run a service with a fault, as a process or in a container, and see what it says of it."""

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from injected import CONTAINER, LIVES, UNSUPERVISED, Fault
from running import free_port

INJECT = Path(__file__).parent / "inject"
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
START_SECONDS = 30.0
END_SECONDS = 15.0
BUSY = 2.0
"""So much longer than alone may it take on a machine that runs other tests."""


@dataclass(frozen=True)
class Outcome:
    """What came of a fault."""

    named_after: float | None
    """Seconds until the log named the cause; None if it never did."""
    status: int | None
    """Exit status; None if the service went on, and stopped with 0 when it was asked to."""
    log: str

    def is_late(self, fault: Fault) -> bool:
        """Tell whether the cause was named, but not in time."""
        return (self.named_after or 0) > fault.seconds * BUSY

    def complaints(self, fault: Fault, status: int | str | None) -> list[str]:
        """Return what is not as it should be."""
        found = []
        if fault.cause and self.named_after is None:
            found.append(f"the log does not have {fault.cause!r}")
        if self.is_late(fault):
            found.append(f"the cause was named after {self.named_after:.1f} s")
        if status not in ("any", self.status):
            found.append(f"status {self.status} instead of {status}")
        lines = [line for line in self.log.splitlines() if "CRITICAL" in line]
        if len(lines) > 1 and fault.environment.keys() != {"PORT", "LOG_LEVEL"}:
            found.append(f"{len(lines)} critical lines")
        return found


class Running:
    """A service that was started, wherever it runs."""

    def log(self) -> str:
        raise NotImplementedError

    def status(self) -> int | None:
        raise NotImplementedError

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started."""
        raise NotImplementedError

    def send_inside(self, number: signal.Signals) -> None:
        """Send a signal to the process that serves."""
        raise NotImplementedError


class Process(Running):
    """A service as a plain process."""

    def __init__(self, command: list[str], fault: Fault, environment: dict[str, str]) -> None:
        self._output, name = tempfile.mkstemp()
        Path(name).unlink()
        self.process = subprocess.Popen(
            ["bash", "-c", f'{fault.limit}; exec "$@"', "bash", *command],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self) -> str:
        size = os.fstat(self._output).st_size
        return os.pread(self._output, size, 0).decode(errors="replace")

    def status(self) -> int | None:
        status = self.process.poll()
        return status if status is None or status >= 0 else 128 - status

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def send_inside(self, number: signal.Signals) -> None:
        os.kill(process_of(self.log()), number)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._output)


class Container(Running):
    """A service in a container."""

    def __init__(self, image: str, fault: Fault, environment: dict[str, str], port: int) -> None:
        self.name = f"viscaffold-fault-{uuid4().hex[:12]}"
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        _docker(
            *("run", "--detach", "--name", self.name, "--publish", f"127.0.0.1:{port}:8080"),
            *("--volume", f"{INJECT}:/inject:ro", *HARDENED, *variables),
            *(flag.format(unreadable=_unreadable()) for flag in fault.docker),
            image,
        )

    def log(self) -> str:
        return _docker("logs", self.name)

    def status(self) -> int | None:
        state = _docker("inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", self.name)
        running, status = state.split()
        return None if running == "true" else int(status)

    def send(self, number: signal.Signals) -> None:
        _docker("kill", "--signal", number.name, self.name)

    def send_inside(self, number: signal.Signals) -> None:
        code = f"import os; os.kill({process_of(self.log())}, {int(number)})"
        _docker("exec", self.name, "python", "-c", code)

    def end(self) -> None:
        _docker("rm", "--force", "--volumes", self.name)


@cache
def _unreadable() -> Path:
    """Return a file that only root may read."""
    path = Path(tempfile.mkstemp()[1])
    path.chmod(0)
    atexit.register(path.unlink)
    return path


def _docker(*args: str) -> str:
    done = subprocess.run(
        ["docker", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0 or args[0] in ("kill", "rm"), f"{args}: {done.stdout}"
    return done.stdout


@contextmanager
def started(fault: Fault, place: str, service: Path, image: str) -> Iterator[tuple[Running, int]]:
    """Start a service with a fault; return it and its port."""
    port = free_port()
    inside = place == CONTAINER or (place == UNSUPERVISED and bool(image))
    environment = {
        "FAULT_CODE": fault.code,
        "FAULT_MODULE": fault.module,
        "FAULT_IN": "request" if fault.on_request else "import",
        "PYTHONPATH": "/inject" if inside else f"{INJECT}:{service / 'src'}",
        **({"SUPERVISE": "0"} if place == UNSUPERVISED else {}),
        **({} if inside else {"HOST": "127.0.0.1", "PORT": str(port)}),
        **fault.environment,
    }
    running: Process | Container
    if inside:
        running = Container(image, fault, {"PORT": "8080", **environment}, port)
    else:
        running = Process([sys.executable, "-m", "orders"], fault, environment)
    try:
        yield running, port
    finally:
        running.end()


def expected(fault: Fault, place: str) -> int | str | None:
    """Return the exit status that a fault has to come to."""
    unlike = place == UNSUPERVISED and fault.unsupervised != "same"
    return fault.unsupervised if unlike else fault.status


def play(fault: Fault, place: str, service: Path, image: str = "") -> Outcome:
    """Inject a fault, and look at what comes of it."""
    with started(fault, place, service, image) as (running, port):
        began = time.monotonic()
        if fault.before_start:
            _until(lambda: "starting orders" in running.log(), START_SECONDS)
            time.sleep(1)
            began = _send(running.send, fault.before_start)
        elif fault.on_request or fault.send:
            assert _until(lambda: answers(port), START_SECONDS), running.log()
            began = time.monotonic()
            if fault.on_request:
                threading.Thread(target=answers, args=(port, "/fault"), daemon=True).start()
                time.sleep(0.3)
            if fault.send:
                began = _send(running.send_inside if fault.inside else running.send, fault.send)
        left = began + max(fault.seconds * BUSY, 4.0) - time.monotonic()
        in_time = _until(lambda: re.search(fault.cause, running.log()), left)
        after = time.monotonic() - began
        asked = False
        if fault.status is LIVES or fault.stop:
            time.sleep(0.5)
            asked = running.status() is None
            running.send(signal.SIGTERM)
        _until(lambda: running.status() is not None, END_SECONDS)
        status, log = running.status(), running.log()
        if not in_time:
            after = time.monotonic() - began
        named = after if re.search(fault.cause, log) else None
        went_on = asked and status == 0 and not fault.stop
        return Outcome(named, LIVES if went_on else status, log)


def _send(send: Callable[[signal.Signals], None], signals: tuple[signal.Signals, ...]) -> float:
    for number in signals:
        send(number)
        time.sleep(0.2 if len(signals) > 1 else 0)
    return time.monotonic()


def _until(true: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def process_of(log: str) -> int:
    """Return the number of the process that serves, from its first line."""
    found = re.search(r"process (\d+)", log)
    assert found, log
    return int(found[1])


def answers(port: int, path: str = "/health/live") -> bool:
    """Tell whether a service answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
