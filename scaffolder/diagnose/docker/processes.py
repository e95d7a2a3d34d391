"""The processes of a container, by `docker top` or podman's."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scaffolder.diagnose.evidence.facts import Process, Thread
from scaffolder.docker.client import Engine

from .live import on_host

PS = "pid,ppid,stat,etimes,args"
MASK = re.compile(r"[\da-f]{8,16}")
PODMAN_PS = ("pid", "ppid", "state", "etime", "args")


def processes(engine: Engine, identity: str) -> tuple[Process, ...] | None:
    """Return the container's processes, by `docker top`; None if they cannot be read."""
    ran = engine.run("top", identity, "-eo", PS, seconds=5, limit=1 << 20)
    if ran.code != 0:
        return _of_podman(engine, identity)
    found = []
    for line in ran.text.splitlines()[1:]:
        fields = line.split(None, 4)
        if len(fields) == 5 and all(fields[i].isdecimal() for i in (0, 1, 3)):
            pid, parent, state, seconds, command = fields
            found.append(Process(int(pid), int(parent), state, command, int(seconds)))
    own = found and not engine.is_remote and on_host(found[0].pid, identity)
    return (*found, *(_zombies({p.pid for p in found}) if own else ()))


def threads(engine: Engine, identity: str) -> tuple[Thread, ...]:
    """Return all threads of the container's processes; none if `docker top` does not tell them."""
    ran = engine.run("top", identity, "-eLo", "pid,wchan:30,caught", seconds=5, limit=1 << 20)
    rows = [line.split() for line in ran.text.splitlines()[1:]]
    if ran.code or not all(len(row) == 3 and MASK.fullmatch(row[2]) for row in rows):
        return ()
    return tuple(Thread(int(row[0]), row[1], int(row[2], 16)) for row in rows)


def _of_podman(engine: Engine, identity: str) -> tuple[Process, ...] | None:
    """Return the same from podman, whose `top` runs ps in the container unless it is asked so.

    The ids are those within the container.
    """
    ran = engine.run("top", identity, *PODMAN_PS, seconds=5, limit=1 << 20)
    lines = [line.split(None, 4) for line in ran.text.splitlines()[1:]]
    if ran.code != 0:
        return None
    return tuple(
        Process(int(pid), int(parent), state, command, _duration(lived))
        for pid, parent, state, lived, command in (line for line in lines if len(line) == 5)
        if pid.isdecimal() and parent.isdecimal()
    )


def _duration(text: str) -> int:
    """Read a duration such as 1h2m3.4s."""
    parts = re.findall(r"(\d{1,9})(?:\.\d+)?(h|m|s)(?![a-z])", text)
    return sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in parts)


def _zombies(parents: set[int]) -> Iterator[Process]:
    """Return the zombies of some processes on this machine: `docker top` omits them."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            head, _, rest = file.read_text("utf-8", "replace").rpartition(")")
            pid, _, name = head.partition(" (")
            state, parent = rest.split()[:2]
            if state == "Z" and int(parent) in parents and int(pid) not in parents:
                yield Process(int(pid), int(parent), state, f"[{name}] <defunct>")
