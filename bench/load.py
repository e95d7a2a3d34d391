"""Ask a server as fast as it answers, over some connections at once; print how many, as wrk does.

python bench/load.py PORT SECONDS
"""

import selectors
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

CONNECTIONS = 16
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(port: int, enough: Callable[[int], bool]) -> int:
    """Send a request on every connection, and the next one when its answer is there.

    Returns how many were sent until that was enough; all of them are answered then.
    """
    sent = 0
    with ExitStack() as stack, selectors.DefaultSelector() as ready:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            ready.register(stack.enter_context(connection), selectors.EVENT_READ)
            connection.sendall(REQUEST)
            sent += 1
        while ready.get_map():
            for key, _ in ready.select(timeout=1):
                connection = key.fileobj  # type: ignore[assignment]
                # An answer is one short line of JSON, which comes in one piece.
                if not connection.recv(65536):
                    sys.exit("the server closed a connection")
                if enough(sent):
                    ready.unregister(connection)
                else:
                    connection.sendall(REQUEST)
                    sent += 1
    return sent


def main(port: int, seconds: float) -> None:
    """Print how many requests were answered, and in which time."""
    began = time.monotonic()
    answers = ask(port, lambda _: time.monotonic() - began >= seconds)
    print(f"{answers} requests in {time.monotonic() - began:.2f}s")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
