"""Ports that nobody listens on, and that stay so until what is verified takes them."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The ports that the system gives away to connections: any of these could be taken meanwhile."""

FIRST, LAST = 20_000, 32_000


@contextmanager
def claimed() -> Iterator[int]:
    """Give a free port that no other verification uses for as long as the block lasts."""
    while True:
        port = random.randrange(FIRST, _last())  # noqa: S311 - no secret
        claim = socket.socket(socket.AF_UNIX)
        with claim:
            if _is_claimed(claim, port):
                yield port
                return


def _last() -> int:
    try:
        given = int(CONNECTIONS.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        given = LAST
    return given if given > FIRST else LAST


def _is_claimed(claim: socket.socket, port: int) -> bool:
    """Claim a port among verifications; tell whether that worked and nobody listens on it."""
    try:
        if os.name == "posix" and CONNECTIONS.exists():  # names without a file: Linux alone
            claim.bind(f"\0viscaffold-verify-{port}")
        with socket.socket() as probe:
            probe.bind(("", port))
    except OSError:
        return False
    return True
