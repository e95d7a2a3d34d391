"""A throwaway container that is started: what it wrote, how it ended, and what is done to it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from . import process, throwaway
from .client import LIMIT, SECONDS, Engine, EngineError
from .process import Ran

PORT = 8080
"""Where a service listens that says nothing else."""

START_SECONDS = 60.0
"""How long the daemon may take to start a container or to end one."""


class Container:
    """A container, by its name."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Take the container of that name."""
        self.engine, self.name = engine, name

    def start(self) -> None:
        """Start it, or start it again; raise EngineError if the engine refuses."""
        ran = self.engine.ask("start", self.name, seconds=START_SECONDS)
        if ran.code:
            raise EngineError(f"the container cannot be started: {ran.complaint[:300]}")

    def log(self) -> str:
        """Return the lines that it wrote to stdout, and then those that it wrote to stderr."""
        ran = self.engine.run("logs", self.name)
        return ran.text + ran.err.decode("utf-8", "replace")

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        form = "{{.State.Running}} {{.State.ExitCode}}"
        ran = self.engine.ask("inspect", "--type", "container", "--format", form, self.name)
        running, _, status = ran.text.strip().partition(" ")
        return int(status) if running == "false" else None

    def run(self, *command: str, seconds: float = SECONDS) -> Ran:
        """Run a command in it; there is no exit status if that takes longer.

        What it prints is its own: nothing in it tells how the engine does.
        """
        words = (self.engine.program, "exec", self.name, *command)
        return process.run(words, seconds=seconds, limit=LIMIT)

    def signal(self, name: str) -> None:
        """Send a signal to its first process, unless it has ended."""
        self.engine.ask("kill", "--signal", name, self.name)

    def address(self) -> tuple[str, int]:
        """Return where its port is published; raise EngineError if it is not."""
        ran = self.engine.ask("port", self.name)
        found = re.search(r"-> (127\.0\.0\.1):(\d+)", ran.text)
        if not found:
            raise EngineError("no port of the container is published")
        return found[1], int(found[2])


class Image:
    """What an image says of the containers that are made from it."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Read it; raise EngineError if there is no such image."""
        ran = engine.ask("image", "inspect", "--format", "{{json .Config}}", name)
        if ran.code:
            raise EngineError(f"there is no image {name}: {ran.complaint[:300]}")
        self.name = name
        self._config = json.loads(ran.text)

    @property
    def command(self) -> tuple[str, ...]:
        """What its containers run: the entrypoint with its arguments."""
        return (*(self._config.get("Entrypoint") or ()), *(self._config.get("Cmd") or ()))

    @property
    def health_check(self) -> tuple[str, ...]:
        """The command of its health check; nothing if it has none."""
        kind, *words = (self._config.get("Healthcheck") or {}).get("Test") or ("NONE",)
        shell = ("/bin/sh", "-c") if kind == "CMD-SHELL" else ()
        return (*shell, *words)

    def port(self, settings: Mapping[str, str]) -> str:
        """Return the TCP port where a service that is given these settings is to be asked.

        It is one that the image exposes: what PORT says counts only among these, for what is not
        exposed is not published either.
        """
        ports = self._config.get("ExposedPorts") or ()
        exposed = [port.removesuffix("/tcp") for port in ports if port.endswith("/tcp")]
        own = dict(entry.partition("=")[::2] for entry in self._config.get("Env") or ())
        named: str = {**own, **settings}.get("PORT", str(PORT))
        if named in exposed or not exposed:
            return named
        return str(PORT) if str(PORT) in exposed else min(exposed, key=int)


@contextmanager
def created(
    engine: Engine, image: str, *options: str, command: Sequence[str] = ()
) -> Iterator[Container]:
    """Create a container that is gone after the block, also if viscaffold is killed in it.

    Raises EngineError if it cannot be created.
    """
    with throwaway.created(engine, image, *options, command=tuple(command)) as name:
        yield Container(engine, name)
