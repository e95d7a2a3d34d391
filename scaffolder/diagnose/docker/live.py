"""A running container: what listens, its processes, and how close to its limits it is.

Read from the host's /proc if the daemon is on this machine; otherwise by `docker exec`, if the
image has `cat`, or from a throwaway container that shares its network.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from scaffolder.diagnose.evidence.facts import Connection, Socket, Usage
from scaffolder.docker.client import Engine

ESTABLISHED, SYN_SENT, LISTEN, CLOSE_WAIT = "01", "02", "0A", "08"
"""States of a socket in /proc/net/tcp."""
NAME_SERVER = "127.0.0.11"
"""Docker's DNS server, which listens in every container on a user-defined network."""
EPHEMERAL = 32768
"""The first ephemeral port, which the kernel gives to clients."""
PRIVILEGED = 1024
"""The first port that all may listen on, unless a sysctl says otherwise, as in containers."""
LISTED = re.compile(
    r"^[\da-f]+: [\da-f]+ [\da-f]+ (?P<flags>[\da-f]+) [\da-f]+ [\da-f]+ +\d+ (?P<path>.+)$",
    re.MULTILINE | re.IGNORECASE,
)
"""A socket of /proc/net/unix that has a path, which may have spaces in it."""
ACCEPTS = 0x10000
"""The flag of a Unix socket that listens (__SO_ACCEPTCON)."""


def on_host(pid: int, identity: str) -> bool:
    """Tell whether a process on this machine is the container's: its PID alone is no proof."""
    try:
        return identity in Path(f"/proc/{pid}/cgroup").read_text("utf-8") or identity in Path(
            f"/proc/{pid}/mountinfo"
        ).read_text("utf-8", "replace")
    except OSError:
        return False


def reader(engine: Engine, identity: str, pid: int) -> Callable[[str], str | None]:
    """Return a reader of files in the container's /proc: paths are relative to its PID 1."""

    def by_host(path: str) -> str | None:
        try:
            return Path(f"/proc/{pid}/{path}").read_text("utf-8", "replace")
        except OSError:
            return None

    def by_exec(path: str) -> str | None:
        ran = engine.run("exec", identity, "cat", f"/proc/1/{path}", seconds=5, limit=1 << 20)
        return None if ran.code else ran.text

    return by_host if not engine.is_remote and on_host(pid, identity) else by_exec


def host_file(path: str) -> str | None:
    """Read a file of this machine's own /proc."""
    try:
        return Path(f"/proc/{path}").read_text("ascii")
    except OSError:
        return None


def first_free(*, is_remote: bool) -> int:
    """Return the first port that all may listen on; the usual one, where that cannot be read."""
    text = None if is_remote else host_file("sys/net/ipv4/ip_unprivileged_port_start")
    return int(text) if text and text.strip().isdecimal() else PRIVILEGED


def sockets(read: Callable[[str], str | None]) -> tuple[Socket, ...] | None:
    """Return what the container listens on; None if that cannot be read."""
    found, known = [], False
    for name in ("net/tcp", "net/tcp6"):
        text = read(name)
        known = known or text is not None
        rows = _rows(text or "")
        left = Counter(_socket(fields).port for fields in rows if fields[3] == CLOSE_WAIT)
        unread = Counter[int]()
        for fields in rows:
            if fields[3] == ESTABLISHED:  # where the queue is one of bytes
                unread[_socket(fields).port] += _socket(fields).waiting
        own = [_socket(fields) for fields in rows if fields[3] == LISTEN]
        found += [replace(s, left=left[s.port], unread=unread[s.port]) for s in own]
    return tuple(s for s in found if s.address != NAME_SERVER) if known else None


def connections(read: Callable[[str], str | None]) -> tuple[Connection, ...]:
    """Return to which other machines the container has connected, and still is, or tries to."""
    rows = [row for name in ("net/tcp", "net/tcp6") for row in _rows(read(name) or "")]
    served = {_socket(row).port for row in rows if row[3] == LISTEN}
    own = (row for row in rows if _socket(row).port not in served)
    peers = ((*row[2].split(":"), row[3]) for row in own if row[3] in {ESTABLISHED, SYN_SENT})
    found = (Connection(_address(a), int(p, 16), state == SYN_SENT) for a, p, state in peers)
    return tuple(c for c in dict.fromkeys(found) if not c.address.startswith("127."))


def _rows(text: str) -> list[list[str]]:
    return [fields for line in text.splitlines()[1:] if len(fields := line.split()) > 4]


def _socket(fields: list[str]) -> Socket:
    address, _, port = fields[1].partition(":")
    waiting = int(fields[4].partition(":")[2], 16)
    return Socket(_address(address), int(port, 16), waiting)


def _address(text: str) -> str:
    """Read an address of /proc/net/tcp: 32-bit words, each in the host's byte order."""
    words = [bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8)]
    data = b"".join(words)
    if len(data) == 4:
        return str(IPv4Address(data))
    address = IPv6Address(data)
    return str(address.ipv4_mapped or address)


def other_sockets(read: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return where it can be reached other than by TCP: UDP ports, listening Unix sockets."""
    datagrams = [row for name in ("net/udp", "net/udp6") for row in _rows(read(name) or "")]
    bound = [_socket(row) for row in datagrams if not int(row[2].replace(":", ""), 16)]
    served = [s for s in bound if s.port < EPHEMERAL and s.address != NAME_SERVER]
    streams = LISTED.finditer(read("net/unix") or "")
    return (
        *(f"udp {s.address}:{s.port}" for s in served),
        *(f"unix {match['path']}" for match in streams if int(match["flags"], 16) & ACCEPTS),
    )


def usage(fetch: Callable[[str], str | None]) -> Usage:
    """Return what the container uses; `fetch` reads files below its /sys/fs/cgroup."""
    memory = _first(fetch, "memory.current", "memory/memory.usage_in_bytes")
    cache = sum(
        _field(fetch, rf"^(?:total_)?{kind}_file (\d+)", "memory.stat", "memory/memory.stat") or 0
        for kind in ("inactive", "active")  # both are reclaimed when memory is short
    )
    peak = _first(fetch, "memory.peak", "memory/memory.max_usage_in_bytes")
    kills = _field(fetch, r"^oom_kill (\d+)", "memory.events", "memory/memory.oom_control")
    periods = _field(
        fetch, r"^nr_periods (\d+)", "cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat"
    )
    held = _field(fetch, r"^nr_throttled (\d+)", "cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat")
    throttled = held / periods if periods and held is not None else None
    working = max(memory - cache, 0) if memory is not None else None
    return Usage(
        working, peak, kills, _first(fetch, "pids.current", "pids/pids.current"), throttled
    )


def cgroup_reader(engine: Engine, identity: str, pid: int) -> Callable[[str], str | None]:
    """Return a reader of files in the container's control group."""
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
