"""Evidence from an engine: each source is read once, when it is first needed."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Any

from scaffolder.diagnose.evidence.facts import (
    Connection,
    Event,
    Locked,
    Log,
    Neighbour,
    Process,
    Socket,
    Thread,
    Usage,
)
from scaffolder.diagnose.evidence.files import Files
from scaffolder.diagnose.evidence.kernel_log import Message
from scaffolder.docker.client import Engine, EngineError
from scaffolder.docker.throwaway import created

from . import (
    changes,
    events,
    inspect,
    kernel,
    live,
    locks,
    logs,
    neighbours,
    processes,
    sockets_beside,
)
from .copied_files import Copied

PATIENCE_SECONDS = 3.0
YOUNG_SECONDS = 10.0


class Gathered:
    """The sources of one container."""

    def __init__(self, engine: Engine, document: dict[str, Any], stack: ExitStack) -> None:
        """Read from `engine` the container of a document of `docker inspect`.

        What must be removed afterwards goes on `stack`.
        """
        self.engine = engine
        self.document = document
        self.identity: str = document["Id"]
        self.stack = stack
        self.state = inspect.state(document)
        self._unread: list[str] = []

    def _try(self, what: str, found: object) -> None:
        if found is None:
            self._unread.append(what)

    def events(self) -> tuple[Event, ...]:
        """Return what happened to the container."""
        return events.events(self.engine, self.identity)

    def log(self) -> Log:
        """Return what it wrote."""
        found = logs.logs(self.engine, self.identity)
        if found.obstacle:
            self._unread.append(f"the log: {found.obstacle}")
        return found

    @cached_property
    def _copied(self) -> Copied:
        return Copied(self.engine, self.identity)

    def files(self) -> Files:
        """Return its files; its image's, if its mounts fail."""
        if self._copied.entry("/") is None and self._copied.obstacle:
            self._unread.append(
                f"the container's files (the image's were read): {self._copied.obstacle}"
            )
            return self.image_files()
        return self._copied

    def image_files(self) -> Files:
        """Return its image's files."""
        return self._image_files

    @cached_property
    def _image_files(self) -> Copied:
        image = self.document.get("Image") or self.document["Config"]["Image"]
        try:
            name = self.stack.enter_context(created(self.engine, image, "--network", "none"))
        except EngineError as error:
            self._unread.append(f"the image's files: {error.message}")
            return self._copied
        return Copied(self.engine, name)

    def changes(self) -> tuple[tuple[str, str], ...]:
        """Return which files it wrote."""
        found = changes.changes(self.engine, self.identity)
        self._try(f"what it wrote: `docker diff` takes more than {changes.SECONDS:g} s", found)
        return found or ()

    @cached_property
    def _reader(self) -> Any:  # noqa: ANN401 - a function
        return live.reader(self.engine, self.identity, self.state.pid)

    def sockets(self) -> tuple[Socket, ...] | None:
        """Return what it listens on; one that has just started gets a moment."""
        deadline = time.monotonic() + (PATIENCE_SECONDS if self._is_young() else 0)
        while True:
            found = live.sockets(self._reader)
            if found is None:
                found = sockets_beside.sockets(self.engine, self.identity, self.document["Image"])
            if found or found is None or time.monotonic() >= deadline:
                break
            time.sleep(0.3)
        self._try(
            "what it listens on: its /proc cannot be read from here, and it has no cat",
            found,
        )
        return found

    def other_sockets(self) -> tuple[str, ...]:
        """Return where it can be reached other than by TCP: UDP ports and Unix sockets."""
        return live.other_sockets(self._reader)

    def connections(self) -> tuple[Connection, ...]:
        """Return to whom it is connected, or tries to connect."""
        return live.connections(self._reader)

    def history(self) -> tuple[str, ...]:
        """Return the instructions that its image was built from, the first one first."""
        return inspect.history(self.engine, self.document.get("Image") or "")

    def _is_young(self) -> bool:
        return bool(
            self.state.started and time.time() - self.state.started.timestamp() < YOUNG_SECONDS
        )

    def processes(self) -> tuple[Process, ...] | None:
        """Return its processes."""
        found = processes.processes(self.engine, self.identity)
        self._try("its processes: docker top does not answer", found)
        return found

    def threads(self) -> tuple[Thread, ...]:
        """Return all threads of its processes; none if they cannot be read."""
        return processes.threads(self.engine, self.identity)

    def usage(self) -> Usage:
        """Return how much of its limits it uses."""
        fetch = live.cgroup_reader(self.engine, self.identity, self.state.pid)
        found = live.usage(fetch)
        self._try("its resource usage: its control group cannot be read from here", found.memory)
        return found

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return the other containers."""
        return neighbours.neighbours(self.engine, self.identity)

    def sockets_of(self, name: str) -> tuple[Socket, ...] | None:
        """Return what another container listens on."""
        return neighbours.sockets(self.engine, name)

    def files_of(self, name: str) -> Files:
        """Return the files of another container."""
        return Copied(self.engine, name)

    def log_of(self, name: str, within: tuple[datetime, datetime]) -> Log:
        """Return what another container wrote in some time."""
        return logs.logs(self.engine, name, within)

    def lock_holders(self, path: str) -> tuple[str, ...]:
        """Return the ids of the containers that hold a lock on a file of the host."""
        return () if self.engine.is_remote else locks.holders(path)

    def locked(self, processes: Sequence[Process]) -> tuple[Locked, ...]:
        """Return the files that others keep locked: those that its processes have open first."""
        pids = [p.pid for p in processes if not self.engine.is_remote]
        return locks.locked([pid for pid in pids if live.on_host(pid, self.identity)])

    def host_listens(self, port: int) -> bool | None:
        """Tell whether a program on the host listens on a port; None on another machine."""
        if self.engine.is_remote:
            return None
        return any(socket.port == port for socket in live.sockets(live.host_file) or ())

    def host_restricts(self, port: int) -> bool:
        """Tell whether only the privileged may listen on a port in the host's own network."""
        return port < live.first_free(is_remote=self.engine.is_remote)

    def kernel(self) -> tuple[Message, ...]:
        """Return what the kernel logged; nothing if the engine is on another machine."""
        return () if self.engine.is_remote else kernel.messages()

    def networks(self) -> frozenset[str]:
        """Return the names of internal networks."""
        listed = self.engine.ask("network", "ls", "--format", "{{.Name}} {{.Internal}}").text
        return frozenset(line.split()[0] for line in listed.splitlines() if line.endswith(" true"))

    def unread(self) -> list[str]:
        """Return what could not be read, and why."""
        obstacle = self._copied.obstacle if "_copied" in self.__dict__ else ""
        return list(dict.fromkeys([*self._unread, *([f"files: {obstacle}"] if obstacle else [])]))
