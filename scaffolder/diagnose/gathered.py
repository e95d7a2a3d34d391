"""Evidence from an engine: every source of it asked once, when it is first needed."""

import time
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from .case import Case, Host
from .engine import Engine, EngineError
from .facts import Event, Image, Neighbour, Process, Socket, Usage
from .sources import changes, events, inspection, kernel, live, logs, neighbours
from .sources.files import Copied, Files
from .throwaway import created

PATIENCE_SECONDS = 3.0
YOUNG_SECONDS = 10.0


class Gathered:
    """The sources of one container."""

    def __init__(self, engine: Engine, document: dict[str, Any], stack: ExitStack) -> None:
        """Ask `engine` about the container of a document of `docker inspect`.

        What has to be removed afterwards is put on `stack`.
        """
        self.engine = engine
        self.document = document
        self.identity: str = document["Id"]
        self.stack = stack
        self.state = inspection.state(document)
        self._unread: list[str] = []

    def _try(self, what: str, found: object) -> None:
        if found is None:
            self._unread.append(what)

    def events(self) -> tuple[Event, ...]:
        """Return what happened to the container."""
        return events.events(self.engine, self.identity)

    def log(self) -> logs.Log:
        """Return what it wrote."""
        found = logs.logs(self.engine, self.identity)
        if found.obstacle:
            self._unread.append(f"the log: {found.obstacle}")
        return found

    @cached_property
    def _copied(self) -> Copied:
        return Copied(self.engine, self.identity)

    def files(self) -> Files:
        """Return its files; its image's, if its mounts cannot be made."""
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
        return changes.changes(self.engine, self.identity)

    @cached_property
    def _reader(self) -> Any:  # noqa: ANN401 - a function
        return live.reader(self.engine, self.identity, self.state.pid)

    def sockets(self) -> tuple[Socket, ...] | None:
        """Return what it listens on; one that has only just started is given a moment."""
        deadline = time.monotonic() + (PATIENCE_SECONDS if self._is_young() else 0)
        while True:
            found = live.sockets(self._reader)
            if found is None:
                found = self._sockets_beside()
            if found or found is None or time.monotonic() >= deadline:
                break
            time.sleep(0.3)
        self._try(
            "what it listens on: no /proc can be read from here, and there is no cat inside",
            found,
        )
        return found

    def _is_young(self) -> bool:
        return bool(
            self.state.started and time.time() - self.state.started.timestamp() < YOUNG_SECONDS
        )

    def _sockets_beside(self) -> tuple[Socket, ...] | None:
        """Read them in a throw-away container that shares the network, of any image with a cat."""
        for image in self._images_with_cat():
            try:
                flags = (
                    "--network",
                    f"container:{self.identity}",
                    "--entrypoint",
                    "cat",
                    "--read-only",
                    "--cap-drop",
                    "ALL",
                )
                with created(
                    self.engine, image, *flags, command=("/proc/net/tcp", "/proc/net/tcp6")
                ) as name:
                    ran = self.engine.run("start", "--attach", name, seconds=10, limit=1 << 20)
            except EngineError:
                continue
            if "local_address" in ran.text:
                four, _, six = ran.text.partition("\n  sl")
                return live.sockets({"net/tcp": four, "net/tcp6": six}.get)
        return None

    def _images_with_cat(self) -> list[str]:
        listed = self.engine.ask("images", "--format", "{{.Repository}}:{{.Tag}}").text.split()
        likely = [
            n
            for n in listed
            if n.startswith(("busybox:", "alpine:", "debian:", "ubuntu:", "python:"))
        ]
        return [self.document["Image"], *likely[:2]]

    def processes(self) -> tuple[Process, ...] | None:
        """Return its processes."""
        found = live.processes(self.engine, self.identity)
        self._try("its processes: docker top does not answer", found)
        return found

    def usage(self) -> Usage:
        """Return what it uses of its limits."""
        fetch = live.cgroup_reader(self.engine, self.identity, self.state.pid)
        found = live.usage(fetch)
        self._try(
            "what it uses of its limits: its control group cannot be read from here", found.memory
        )
        return found

    def status(self) -> str:
        """Return /proc/1/status."""
        return str(self._reader("status") or "")

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return the other containers."""
        return neighbours.neighbours(self.engine, self.identity)

    def sockets_of(self, name: str) -> tuple[Socket, ...] | None:
        """Return what another container listens on."""
        return neighbours.sockets(self.engine, name)

    def kernel(self) -> tuple[kernel.Message, ...]:
        """Return what the kernel logged; nothing of a machine that is not this one."""
        return () if self.engine.is_remote else kernel.messages()

    def networks(self) -> frozenset[str]:
        """Return the names of networks that have no way out."""
        listed = self.engine.ask("network", "ls", "--format", "{{.Name}} {{.Internal}}").text
        return frozenset(line.split()[0] for line in listed.splitlines() if line.endswith(" true"))

    def unread(self) -> list[str]:
        """Return what could not be read, and why."""
        obstacle = self._copied.obstacle if "_copied" in self.__dict__ else ""
        return list(dict.fromkeys([*self._unread, *([f"files: {obstacle}"] if obstacle else [])]))


def gather(
    engine: Engine, target: str, kind: str, document: dict[str, Any], stack: ExitStack
) -> Case:
    """Return the case of a container, or of the one that was made of an image to look into it."""
    config = inspection.config(document)
    image = _image(engine, document)
    return Case(
        target=target,
        kind=kind,
        identity_number=document["Id"],
        config=config,
        state=inspection.state(document),
        restarts=document.get("RestartCount") or 0,
        image=image,
        host=_host(engine),
        sources=Gathered(engine, document, stack),
    )


def _image(engine: Engine, document: dict[str, Any]) -> Image | None:
    identity, name = document.get("Image") or "", document.get("Config", {}).get("Image") or ""
    found = inspection.inspect(engine, identity, "image") if identity else None
    tagged = (
        inspection.inspect(engine, name, "image") if name and not identity.endswith(name) else None
    )
    if found is None:
        return None
    return inspection.image(found, (tagged or {}).get("Id", ""))


def _host(engine: Engine) -> Host:
    ran = engine.ask("version", "--format", "{{.Server.Arch}}")
    flags: frozenset[str] = frozenset()
    if not engine.is_remote:
        try:
            line = next(
                (
                    x
                    for x in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
                    if x.startswith("flags")
                ),
                "",
            )
            flags = frozenset(line.partition(":")[2].split())
        except OSError:
            pass
    return Host(ran.text.strip() or "amd64", flags=flags, is_remote=engine.is_remote)
