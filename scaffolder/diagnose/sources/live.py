"""A running container: who listens, which processes there are, and how near its limits it is.

Read from the host's /proc where the daemon is on this machine; otherwise by `docker exec`, if the
image has a `cat`, or from a throw-away container that shares its network.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from scaffolder.diagnose.engine import Engine
from scaffolder.diagnose.facts import Process, Socket, Usage

LISTEN = "0A"
NAME_SERVER = "127.0.0.11"
"""Docker's own, which listens in every container of a network with a name."""
PS = "pid,ppid,stat,etimes,args"


def on_host(pid: int, identity: str) -> bool:
    """Tell whether a process of this machine is the container's: its number alone is no proof."""
    try:
        return identity in Path(f"/proc/{pid}/cgroup").read_text("utf-8") or identity in Path(
            f"/proc/{pid}/mountinfo"
        ).read_text("utf-8", "replace")
    except OSError:
        return False


def reader(engine: Engine, identity: str, pid: int) -> Callable[[str], str | None]:
    """Return how files of the container's /proc are read: paths are those of its process 1."""

    def by_host(path: str) -> str | None:
        try:
            return Path(f"/proc/{pid}/{path}").read_text("utf-8", "replace")
        except OSError:
            return None

    def by_exec(path: str) -> str | None:
        ran = engine.run("exec", identity, "cat", f"/proc/1/{path}", seconds=5, limit=1 << 20)
        return None if ran.code else ran.text

    return by_host if not engine.is_remote and on_host(pid, identity) else by_exec


def sockets(read: Callable[[str], str | None]) -> tuple[Socket, ...] | None:
    """Return what the container listens on; None if that cannot be read."""
    found, known = [], False
    for name in ("net/tcp", "net/tcp6"):
        text = read(name)
        known = known or text is not None
        found += [_socket(fields) for fields in _rows(text or "") if fields[3] == LISTEN]
    return tuple(s for s in found if s.address != NAME_SERVER) if known else None


def _rows(text: str) -> list[list[str]]:
    return [fields for line in text.splitlines()[1:] if len(fields := line.split()) > 4]


def _socket(fields: list[str]) -> Socket:
    address, _, port = fields[1].partition(":")
    waiting = int(fields[4].partition(":")[2], 16)
    return Socket(_address(address), int(port, 16), waiting)


def _address(text: str) -> str:
    """Read an address as /proc/net/tcp has it: 32-bit words, each in the host's order."""
    words = [bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8)]
    data = b"".join(words)
    if len(data) == 4:
        return str(IPv4Address(data))
    address = IPv6Address(data)
    return str(address.ipv4_mapped or address)


def processes(engine: Engine, identity: str) -> tuple[Process, ...] | None:
    """Return the container's processes, by `docker top`; None if they cannot be read."""
    ran = engine.run("top", identity, "-eo", PS, seconds=5, limit=1 << 20)
    if ran.code != 0:
        return None
    found = []
    for line in ran.text.splitlines()[1:]:
        fields = line.split(None, 4)
        if len(fields) == 5 and all(fields[i].isdecimal() for i in (0, 1, 3)):
            pid, parent, state, seconds, command = fields
            found.append(Process(int(pid), int(parent), state, command, int(seconds)))
    return tuple(found)


def usage(fetch: Callable[[str], str | None]) -> Usage:
    """Return what the container uses; `fetch` reads files below /sys/fs/cgroup of its own."""
    memory = _first(fetch, "memory.current", "memory/memory.usage_in_bytes")
    cache = _field(
        fetch, r"^(?:inactive_file|total_inactive_file) (\d+)", "memory.stat", "memory/memory.stat"
    )
    peak = _first(fetch, "memory.peak", "memory/memory.max_usage_in_bytes")
    kills = _field(fetch, r"^oom_kill (\d+)", "memory.events", "memory/memory.oom_control")
    periods = _field(
        fetch, r"^nr_periods (\d+)", "cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat"
    )
    held = _field(fetch, r"^nr_throttled (\d+)", "cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat")
    throttled = held / periods if periods and held is not None else None
    working = memory - (cache or 0) if memory is not None else None
    return Usage(
        working, peak, kills, _first(fetch, "pids.current", "pids/pids.current"), throttled
    )


def cgroup_reader(engine: Engine, identity: str, pid: int) -> Callable[[str], str | None]:
    """Return how files of the container's control group are read."""
    folders = _folders(pid) if not engine.is_remote and on_host(pid, identity) else None

    def by_host(path: str) -> str | None:
        controller, _, name = path.rpartition("/")
        home = (folders or {}).get(controller)
        try:
            return (home / name).read_text("utf-8") if home else None
        except OSError:
            return None

    def by_exec(path: str) -> str | None:
        ran = engine.run(
            "exec", identity, "cat", f"/sys/fs/cgroup/{path}", seconds=5, limit=1 << 16
        )
        return None if ran.code else ran.text

    return by_host if folders else by_exec


def _folders(pid: int) -> dict[str, Path]:
    """Return the control groups of a process, by controller; that of version 2 has no name."""
    found = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text("utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        for name in {controllers, *controllers.split(",")}:
            home = Path("/sys/fs/cgroup", name, path.lstrip("/"))
            if home.is_dir():
                found[name] = home
    return found


def _first(fetch: Callable[[str], str | None], *paths: str) -> int | None:
    for path in paths:
        text = (fetch(path) or "").strip()
        if text.isdecimal():
            return int(text)
    return None


def _field(fetch: Callable[[str], str | None], pattern: str, *paths: str) -> int | None:
    for path in paths:
        match = re.search(pattern, fetch(path) or "", re.MULTILINE)
        if match:
            return int(match[1])
    return None
