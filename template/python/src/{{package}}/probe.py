"""Ask the service on this host whether it lives: for HEALTHCHECK, quickly."""

import os
import socket
import sys

SECONDS = 3.0
OK = 200


def main() -> int:
    """Return 0 if it does, 1 with the reason if it does not."""
    host = os.environ.get("HOST", "0.0.0.0")  # noqa: S104 - the service's own default
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    port = os.environ.get("PORT", "8080")
    try:
        status = ask(host, int(port))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"no answer from {host}:{port}: {error}\n")
        return 1
    sys.stdout.write(f"{host}:{port} answered {status}\n")
    return 0 if status == OK else 1


def ask(host: str, port: int) -> int:
    """Return the status that /health/live has; raise OSError or ValueError without an answer."""
    with socket.create_connection((host, port), SECONDS) as connection:
        connection.sendall(f"GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        first = connection.makefile("rb").readline(1000).split()
    if len(first) < 2:  # noqa: PLR2004 - a version and a status
        raise ValueError("it closed the connection")
    return int(first[1])
