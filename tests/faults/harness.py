"""Run a service with a fault, as a process or in a container, and see what it says of it."""

import atexit
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from fault import CONTAINER, LIVES, UNSUPERVISED, Fault
from running import Program, free_port, process_in
from subjects import Subject

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
START_SECONDS = 30.0
END_SECONDS = 15.0
CRITICAL = r"^(?!\s*last logged: ).* CRITICAL (?!supervisor: orders: it was in )"
"""The line that names the cause: there is one, apart from what it was in."""
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
        lines = [line for line in self.log.splitlines() if re.search(CRITICAL, line)]
        if len(lines) > 1 and fault.environment.keys() != {"PORT", "LOG_LEVEL"}:
            found.append(f"{len(lines)} critical lines")
        return found


class Running(Protocol):
    """A service that was started, wherever it runs."""

    def log(self) -> str:
        """Return all that it has written."""

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started."""

    def send_inside(self, number: signal.Signals) -> None:
        """Send a signal to the process that serves."""

    def pause(self) -> None:
        """Let none of its processes run."""

    def resume(self) -> None:
        """Let all of them go on."""


class Container:
    """A service in a container."""

    def __init__(
        self, subject: Subject, fault: Fault, environment: dict[str, str], port: int
    ) -> None:
        self.name = f"viscaffold-fault-{uuid4().hex[:12]}"
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        _docker(
            *("run", "--detach", "--name", self.name, "--publish", f"127.0.0.1:{port}:8080"),
            *(*HARDENED, *subject.flags, *variables),
            *(flag.format(unreadable=_unreadable(), closed=_closed()) for flag in fault.docker),
            subject.image,
        )

    def log(self) -> str:
        return _docker("logs", self.name)

    @property
    def status(self) -> int | None:
        state = _docker("inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", self.name)
        running, status = state.split()
        return None if running == "true" else int(status)

    def send(self, number: signal.Signals) -> None:
        _docker("kill", "--signal", number.name, self.name)

    def send_inside(self, number: signal.Signals) -> None:
        command = f"kill -{int(number)} {process_in(self.log())}"
        _docker("exec", self.name, "sh", "-c", command)

    def pause(self) -> None:
        _docker("pause", self.name)

    def resume(self) -> None:
        _docker("unpause", self.name)

    def end(self) -> None:
        _docker("rm", "--force", "--volumes", self.name)


@cache
def _unreadable() -> Path:
    """Return a file that only root may read."""
    path = Path(tempfile.mkstemp()[1])
    path.chmod(0)
    atexit.register(path.unlink)
    return path


@cache
def _closed() -> Path:
    """Return a directory that only root may enter."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0)
    atexit.register(path.rmdir)
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
def started(fault: Fault, place: str, subject: Subject) -> Iterator[tuple[Running, int]]:
    """Start a service with a fault; return it and its port."""
    port = free_port()
    inside = place == CONTAINER or (place == UNSUPERVISED and bool(subject.image))
    environment = {
        "FAULT_CODE": fault.code,
        "FAULT_MODULE": fault.module,
        "FAULT_IN": "request" if fault.on_request else "import",
        **({"SUPERVISE": "0"} if place == UNSUPERVISED else {}),
        **({"PORT": "8080"} if inside else {"HOST": "127.0.0.1", "PORT": str(port)}),
        **fault.environment,
    }
    if inside:
        container = Container(subject, fault, environment, port)
        try:
            yield container, port
        finally:
            container.end()
    else:
        command = subject.builds[fault.build] if fault.build else subject.command
        program = Program("", command, subject.variables)
        with program.start(ready=False, limit=fault.limit, **environment) as process:
            yield process, port


def expected(fault: Fault, place: str) -> int | str | None:
    """Return the exit status that a fault has to come to."""
    unlike = place == UNSUPERVISED and fault.unsupervised != "same"
    return fault.unsupervised if unlike else fault.status


def play(fault: Fault, place: str, subject: Subject) -> Outcome:
    """Inject a fault, and look at what comes of it."""
    with started(fault, place, subject) as (running, port):
        began = time.monotonic()
        if fault.before_start:
            wait_until(lambda: "starting orders" in running.log(), START_SECONDS)
            time.sleep(1)
            began = _send(running.send, fault.before_start)
        elif fault.on_request or fault.send:
            assert wait_until(lambda: answers(port), START_SECONDS), running.log()
            began = time.monotonic()
            if fault.on_request:
                for _ in range(fault.times):
                    threading.Thread(target=answers, args=(port, "/fault"), daemon=True).start()
                time.sleep(0.3)
            if fault.send:
                began = _send(running.send_inside if fault.inside else running.send, fault.send)
        left = began + max(fault.seconds * BUSY, 4.0) - time.monotonic()
        in_time = wait_until(lambda: re.search(fault.cause, running.log()), left)
        after = time.monotonic() - began
        asked = False
        if fault.status is LIVES or fault.stop:
            time.sleep(0.5)
            asked = running.status is None
            running.send(signal.SIGTERM)
        wait_until(lambda: running.status is not None, END_SECONDS)
        status, log = running.status, running.log()
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


def wait_until(true: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def answers(port: int, path: str = "/health/live") -> bool:
    """Tell whether a service answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
