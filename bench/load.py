"""Ask a server as fast as it answers, over some connections at once; print the requests a second.

python bench/load.py PORT SECONDS
"""

import selectors
import socket
import sys
import time

CONNECTIONS = 16
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def main(port: int, seconds: float) -> None:
    """Send a request on every connection, and the next one when its answer is there."""
    ready = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        ready.register(connection, selectors.EVENT_READ)
        connection.sendall(REQUEST)
    began = time.monotonic()
    answers = 0
    while time.monotonic() - began < seconds:
        for key, _ in ready.select(timeout=1):
            connection = key.fileobj  # type: ignore[assignment]
            # An answer is one short line of JSON, which comes in one piece.
            if not connection.recv(65536):
                sys.exit("the server closed a connection")
            answers += 1
            connection.sendall(REQUEST)
    print(answers / (time.monotonic() - began))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
