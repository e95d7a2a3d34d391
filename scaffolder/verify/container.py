"""A service in a container: its image is built, and run as hardened as its compose file has it."""

import json
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffolder.docker import throwaway
from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.container import Image
from scaffolder.languages.base import Command

from . import images, processes
from .asking import START_SECONDS, Asking, Running
from .log import Log
from .outcome import Outcome
from .processes import Limits, Process
from .steps import MissingError, NotAsExpectedError, attempt, quoting
from .subject import Subject

FOLLOWED = Limits(seconds=1800, memory=1 << 30)
"""What the command that follows a container may take; the container has limits of its own."""

HARDENED = (
    "--read-only",
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
    *("--tmpfs", "/tmp"),  # noqa: S108 - in the container
    *("--memory", "512m", "--memory-swap", "512m"),
    *("--pids-limit", "256"),
)

OFTEN = ("--health-interval", "1s", "--health-retries", "1")
"""The image's own health check, more often than the image says."""

HEALTH_SECONDS = 60
"""In which a container is healthy, or not any more."""

FREEZE = ("sh", "-c", "kill -STOP -1; true")
"""Stops every process in a container but the first; there may be no other."""

HEALTHY, UNHEALTHY = "healthy", "unhealthy"


def container(host: "Host") -> Generator[Outcome]:
    """Yield the outcome of each step; each relies on those before it having passed."""
    with ExitStack() as stack:
        yield attempt("image", host.build)
        has_runtime = not host.subject.is_image_alone
        asking = Asking(host.started, host.subject.stages, stack, "container ", has_runtime)
        yield from asking.steps(also=[("healthy", lambda: host.wait_for(HEALTHY, asking.running))])
        yield attempt("container frozen", host.freeze)


@dataclass
class Host:
    """What runs the containers of one verification, and the image that they are made from."""

    subject: Subject
    log: Log
    image: str = ""
    """The digest of the image; empty until it is built."""
    engine: Engine = field(init=False)
    about: Image = field(init=False)
    """What the image says of its containers."""

    def build(self) -> None:
        """Build the image."""
        self.engine = images.engine()
        self.image = images.build(self.engine, self.subject, self.log)
        self.about = Image(self.engine, self.image)

    @contextmanager
    def started(self, settings: Mapping[str, str]) -> Generator[Running]:
        """Start a container with these settings and an empty volume, on a port that is free."""
        variables = {**self.subject.settings, **settings}
        inside = self.about.port(variables)
        init = ["--init"] if self.subject.is_image_alone else []  # as its compose file has it
        options = [*HARDENED, *init, *OFTEN, "--publish", f"127.0.0.1::{inside}"]
        for name, value in variables.items():
            options += ["--env", f"{name}={value}"]
        with self._created(options) as name, self._attached(name, settings) as process:
            with quoting(process.log):
                port = self._port(name, inside, process)
            yield Running(process, port, lambda number: self._send(name, number), name)

    @contextmanager
    def _created(self, options: list[str]) -> Generator[str]:
        try:
            with throwaway.created(self.engine, self.image, *options, command=()) as name:
                yield name
        except EngineError as error:
            raise NotAsExpectedError("a container of its image runs", error.message) from error

    def _attached(self, name: str, settings: Mapping[str, str]) -> Any:  # noqa: ANN401 - below
        """Start a container and follow it: the process that does so ends with it."""
        return processes.started(
            Command((self.engine.program, "start", "--attach", name), processes.inherited()),
            cwd=Path("/"),
            log=self.log,
            title=f"the container with {dict(settings)}" if settings else "the container",
            limits=FOLLOWED,
            # The engine runs it, and would go on: the keeper has it removed.
            after=[(self.engine.program, "rm", "--force", "--volumes", name)],
        )

    def _port(self, name: str, inside: str, process: Process) -> int:
        """Return where a container's port is published."""
        found: list[str] = []

        def is_published() -> bool:
            found[:] = self.engine.ask("port", name, f"{inside}/tcp").text.split()
            return bool(found)

        if not process.wait_until(is_published, START_SECONDS):
            ended = process.wait(0)
            raise NotAsExpectedError(
                f"it publishes its port {inside}", f"it ended: {ended}" if ended else "it does not"
            )
        return int(found[0].rpartition(":")[2])

    def _send(self, name: str, number: signal.Signals) -> None:
        self.engine.ask("kill", "--signal", number.name, name)

    def wait_for(self, status: str, running: Running) -> None:
        """Wait until the image's own health check finds a container healthy, or unhealthy."""
        if not self.about.health_check:
            raise NotAsExpectedError(
                "its image has a health check", "its Dockerfile has no HEALTHCHECK, or NONE"
            )
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.clear()
            seen.update(self._health(running.name))
            return bool(seen.get("Log")) and seen.get("Status") == status

        if not running.process.wait_until(is_so, HEALTH_SECONDS):
            last = (seen.get("Log") or [{}])[-1].get("Output", "").strip()
            found = f"it is {seen.get('Status', 'not running')}"
            raise NotAsExpectedError(
                f"it is {status} within {HEALTH_SECONDS} s", f"{found}: {last}" if last else found
            )

    def _health(self, name: str) -> dict[str, Any]:
        time.sleep(0.2)
        found = self.engine.ask("inspect", "--format", "{{json .State.Health}}", name).text
        with suppress(ValueError):
            return json.loads(found) or {}
        return {}

    def freeze(self) -> None:
        """Start a container, and freeze it: it has to become unhealthy."""
        with self.started({}) as running, quoting(running.process.log):
            running.wait_until_answers()
            self.wait_for(HEALTHY, running)
            stopped = self.engine.ask("exec", running.name, *FREEZE)
            if stopped.code:
                raise MissingError(
                    f"it cannot be frozen: its image has no shell ({stopped.complaint})"
                )
            self._send(running.name, signal.SIGSTOP)
            self.wait_for(UNHEALTHY, running)
