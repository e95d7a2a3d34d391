"""The command for HEALTHCHECK: asks this service whether it is live. Run the module `health`.

Standard library only, and little of it: this runs every few seconds. Only this very service passes:
no other program on the port, and no copy of the service in another container that shares the
network.
"""

import os
import socket
import sys
import time

from . import HOST, PORT

SECONDS = 3.0  # for the whole check; HEALTHCHECK allows 5
HEAD_BYTES = 8192  # read at most this much of an answer
HEADER = "X-Service-Instance"
# Where to ask a service that listens on all addresses; `::` includes IPv4, and IPv6 may be off.
LOOPBACKS = {
    "0.0.0.0": [(socket.AF_INET, "127.0.0.1")],
    "::": [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")],
}

Address = tuple[socket.AddressFamily, tuple[object, ...]]


def main() -> int:
    """Return 0 if the service is live; otherwise print why not and return 1."""
    host = os.environ.get("HOST", HOST)
    port = os.environ.get("PORT", str(PORT))
    if reason := problem(host, port):
        sys.stderr.write(f"{reason}\n")
        return 1
    sys.stdout.write(f"the service answers on {host}:{port}\n")
    return 0


def problem(host: str, port: str, seconds: float = SECONDS) -> str:
    """Return why the service with these settings is not live; empty if it is."""
    deadline = time.monotonic() + seconds
    try:
        found = _addresses(host, port)
    except (OSError, ValueError) as error:
        return f"no address to ask: HOST is {host!r}, PORT is {port!r}: {error}"
    reasons = []
    for address in found:
        reasons.append(_problem_at(address, deadline))
        if not reasons[-1]:
            return ""
    return "; ".join(reasons)


def _addresses(host: str, port: str) -> list[Address]:
    number = int(port)
    if not 0 < number < 1 << 16:
        raise ValueError("a port is a number from 1 to 65535")
    # Bytes, because a name as text needs the codec for international names: slow to import.
    name = host.encode() if host.isascii() else host
    found: list[Address] = []
    for family, _, _, _, address in socket.getaddrinfo(name, number, type=socket.SOCK_STREAM):
        loopbacks = LOOPBACKS.get(str(address[0]))
        found += [(kind, (ip, number)) for kind, ip in loopbacks or ()] or [(family, address)]
    return found


def _problem_at(place: Address, deadline: float) -> str:
    family, address = place
    where = ("[%s]:%s" if family == socket.AF_INET6 else "%s:%s") % address[:2]
    try:
        with socket.socket(family) as connection:
            connection.settimeout(_left(deadline))
            connection.connect(address)
            request = f"GET /health/live HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            status, instances = _parsed(_head(connection, deadline))
    except TimeoutError:
        return f"no answer from {where} in time: the service hangs or is frozen"
    except OSError as error:
        return f"no answer from {where}: {error.strerror or error}"
    if instances and instances != [instance()]:
        return f"{where} is answered by another instance: {instances[0][:200]!r}"
    if status != "200":
        return f"{where} answered with status {status} instead of 200"
    if not instances:
        return f"{where} is answered by another program, or by a /health/live that is not ours"
    return ""


def _head(connection: socket.socket, deadline: float) -> bytes:
    """Return the head of the answer, or as much of it as arrived in time."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD_BYTES:
        # Set each time: an answer that arrives byte by byte gets no more time than any other.
        connection.settimeout(_left(deadline))
        chunk = connection.recv(HEAD_BYTES)
        if not chunk:
            break
        head += chunk
    return head


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _parsed(head: bytes) -> tuple[str, list[str]]:
    """Return the status of an answer and the instances that it names."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = [*first.split(), "", ""]
    is_http = version.startswith("HTTP/1.") and status.isdecimal()
    fields = (line.partition(":") for line in lines)
    named = [value.strip() for name, _, value in fields if name.lower() == HEADER.lower()]
    return status[:3] if is_http else "none", named


def instance() -> str:
    """Name this instance: its package, and the container that this process runs in."""
    try:
        container = os.readlink("/proc/self/ns/pid")  # pathlib is slow to import
    except OSError:
        container = ""  # not Linux
    return f"{__name__.partition('.')[0]} {container}".strip()
