"""Recorded evidence: cases without an engine, written in a few words."""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from posixpath import dirname
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.config import Config, Host, Image
from scaffolder.diagnose.evidence.facts import (
    Connection,
    Entry,
    Event,
    Line,
    Locked,
    Log,
    Neighbour,
    Process,
    Socket,
    State,
    Thread,
    Usage,
)
from scaffolder.diagnose.evidence.files import Files
from scaffolder.diagnose.evidence.kernel_log import Message
from scaffolder.diagnose.evidence.left import left
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.stuck import Stuck
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed
from scaffolder.diagnose.evidence.trace_records import read

NOW = datetime.now(UTC)
IDENTITY = "c" * 64


@dataclass(frozen=True)
class File:
    """A file of a recorded container; a link if it has a target."""

    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    target: str = ""
    kind: str = "file"


def program(content: bytes | str = "#!/bin/sh\n", mode: int = 0o755, **more: Any) -> File:  # noqa: ANN401 - as File has them
    return File(content.encode() if isinstance(content, str) else content, mode, **more)


def folder(mode: int = 0o755, uid: int = 0) -> File:
    return File(mode=mode, uid=uid, kind="directory")


def link(target: str) -> File:
    return File(mode=0o777, target=target, kind="link")


class Tree:
    """The files of a recorded container; directories on the way are there of themselves."""

    def __init__(self, files: dict[str, File]) -> None:
        self.files = {"/": folder()}
        for path, file in files.items():
            above = dirname(path)
            while above not in self.files:
                self.files[above] = folder()
                above = dirname(above)
            self.files[path] = file

    def entry(self, path: str) -> Entry | None:
        file = self.files.get(path)
        if file is None:
            return None
        return Entry(path, file.kind, file.mode, file.uid, file.gid, len(file.content), file.target)

    def content(self, path: str, limit: int = 1 << 20) -> bytes | None:
        file = self.files.get(path)
        return file.content[:limit] if file and file.kind == "file" else None

    def names(self, path: str) -> tuple[str, ...]:
        return tuple(name for name in self.files if name.startswith(path.rstrip("/") + "/"))


@dataclass
class Recorded:
    """Sources that answer from a record."""

    kept: Files
    image_kept: Files
    lines: tuple[str, ...] = ()
    obstacle: str = ""
    timed: tuple[str, ...] = ()
    """When the lines were written, as Docker says; unknown for those beyond."""
    happened: tuple[Event, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    listening: tuple[Socket, ...] | None = ()
    beside: tuple[str, ...] = ()
    connected: tuple[Connection, ...] = ()
    made_by: tuple[str, ...] = ()
    running: tuple[Process, ...] = ()
    threads_running: tuple[Thread, ...] = ()
    used: Usage = field(default_factory=Usage)
    around: tuple[Neighbour, ...] = ()
    peers: dict[str, tuple[Socket, ...]] = field(default_factory=dict)
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What others wrote in the time of its run."""
    dated: tuple[tuple[str, datetime, str], ...] = ()
    """What others wrote, and when."""
    theirs: dict[str, Files] = field(default_factory=dict)
    """The files of others."""
    kept_locked: tuple[Locked, ...] = ()
    locks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    internal: frozenset[str] = frozenset()
    host_ports: frozenset[int] = frozenset()
    free_from: int = 1024
    """The first port of the host that all may listen on."""

    def events(self) -> tuple[Event, ...]:
        return self.happened

    def log(self) -> Log:
        times = (*self.timed, *("" for _ in self.lines))
        return Log(tuple(map(Line, times, self.lines)), self.obstacle)

    def files(self) -> Files:
        return self.kept

    def image_files(self) -> Files:
        return self.image_kept

    def changes(self) -> tuple[tuple[str, str], ...]:
        return self.changed

    def sockets(self) -> tuple[Socket, ...] | None:
        return self.listening

    def other_sockets(self) -> tuple[str, ...]:
        return self.beside

    def connections(self) -> tuple[Connection, ...]:
        return self.connected

    def history(self) -> tuple[str, ...]:
        return self.made_by

    def processes(self) -> tuple[Process, ...] | None:
        return self.running

    def threads(self) -> tuple[Thread, ...]:
        return self.threads_running

    def usage(self) -> Usage:
        return self.used

    def neighbours(self) -> tuple[Neighbour, ...]:
        return self.around

    def sockets_of(self, name: str) -> tuple[Socket, ...] | None:
        return self.peers.get(name)

    def files_of(self, name: str) -> Files:
        return self.theirs.get(name, self.image_kept)

    def log_of(self, name: str, within: tuple[datetime, datetime]) -> Log:
        assert within[0] < within[1]
        timed = ((at, text) for other, at, text in self.dated if other == name)
        within_time = (Line(at.isoformat(), t) for at, t in timed if within[0] <= at <= within[1])
        return Log((*(Line("", text) for text in self.told.get(name, ())), *within_time))

    def lock_holders(self, path: str) -> tuple[str, ...]:
        return self.locks.get(path, ())

    def locked(self, processes: Sequence[Process]) -> tuple[Locked, ...]:
        return self.kept_locked if processes else ()

    def host_listens(self, port: int) -> bool | None:
        return port in self.host_ports

    def host_restricts(self, port: int) -> bool:
        return port < self.free_from

    def kernel(self) -> tuple[Message, ...]:
        return self.messages

    def networks(self) -> frozenset[str]:
        return self.internal

    def unread(self) -> list[str]:
        return []


PASSWD = File(b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
SYSTEM = {"/etc/passwd": PASSWD, "/etc/group": File(b"root:x:0:\napp:x:1000:\n")}


def case(  # noqa: PLR0913, PLR0917 - whatever differs from a plain container
    command: str | tuple[str, ...] = "/app/server",
    log: str = "",
    exit_code: int = 1,
    files: dict[str, File] | None = None,
    image_files: dict[str, File] | None = None,
    state: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    sources: dict[str, Any] | None = None,
    image: Image | None = None,
    restarts: int = 0,
    kind: str = "container",
    host: Host | None = None,
    trace: str = "",
    ending: Ending | None = None,
    unwritten: Swallowed | None = None,
    stuck: Stuck | None = None,
    swallowed: Swallowed | None = None,
    remains: str = "",
) -> Case:
    """Return a container that ended with a status and a log, unless told otherwise.

    It is made in the test that is about it: the time that its diagnosis may take begins here.
    """
    assert "PYTEST_CURRENT_TEST" in os.environ, "a recorded container is made in its test"
    words = tuple(command.split()) if isinstance(command, str) else command
    kept = Tree({**SYSTEM, "/bin/sh": program(elf()), **(files or {})})
    settings = {"command": words, "image": "orders", "image_id": "sha256:1", **(config or {})}
    began = NOW - timedelta(seconds=60)
    known = {"status": "exited", "started": began, "finished": began + timedelta(seconds=1)}
    answers = Recorded(
        kept, Tree(image_files) if image_files else kept, tuple(log.splitlines()), **(sources or {})
    )
    return Case(
        target="orders",
        kind=kind,
        identity_number=IDENTITY,
        config=Config(**settings),
        state=State(**{**known, "exit_code": exit_code, **(state or {})}),
        restarts=restarts,
        image=image,
        host=host or Host(),
        sources=answers,
        recorded=NOW,
        seen=Seen(
            read(trace),
            ending=ending,
            stuck=stuck,
            unwritten=unwritten,
            swallowed=swallowed,
            left=left(remains),
        ),
    )


def elf(  # noqa: PLR0913, PLR0917 - what a program may have
    machine: int = 62,
    interpreter: str = "",
    needed: tuple[str, ...] = (),
    versions: dict[str, tuple[str, ...]] | None = None,
    text: bytes = b"",
    cut: int = 0,
    kind: int = 2,
    run_path: str = "",
) -> bytes:
    """Return a small native program of 64 bits: segments, and what the loader reads of them."""
    strings = bytearray(b"\0")

    def name(value: str) -> int:
        at = len(strings)
        strings.extend(value.encode() + b"\0")
        return at

    libraries = [name(library) for library in needed]
    searched = [(29, name(run_path))] if run_path else []
    wanted = [(name(lib), [name(v) for v in vs]) for lib, vs in (versions or {}).items()]
    verneed = bytearray()
    for index, (file, names) in enumerate(wanted):
        size = 16 * (len(names) + 1)
        last = index == len(wanted) - 1
        verneed += struct.pack("<HHIII", 1, len(names), file, 16, 0 if last else size)
        for number, version in enumerate(names):
            end = number == len(names) - 1
            verneed += struct.pack("<IHHII", 0, 0, 2, version, 0 if end else 16)
    start = 64 + 3 * 56
    interp = interpreter.encode() + b"\0" if interpreter else b""
    strings_at = start + len(interp)
    verneed_at = strings_at + len(strings)
    dynamic_at = verneed_at + len(verneed)
    tags = [(1, library) for library in libraries] + [(5, strings_at), *searched]
    tags += [(0x6FFFFFFE, verneed_at), (0x6FFFFFFF, len(wanted))] if wanted else []
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)]) if needed else b""
    total = dynamic_at + len(dynamic) + len(text)
    segments = [(1, 0, total + cut)]
    segments += [(3, start, len(interp))] if interp else []
    segments += [(2, dynamic_at, len(dynamic))] if dynamic else []
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0
    )
    table = b"".join(
        struct.pack("<IIQQQQQQ", t, 5, at, at, at, size, size, 1) for t, at, size in segments
    )
    body = interp + bytes(strings) + bytes(verneed) + dynamic + text
    return header + table.ljust(3 * 56, b"\0") + body
