"""Keeps the service from dying silently. viscaffold owns it: `viscaffold update` replaces it.

Your code starts in app.py. This module holds what all modules share, including the supervisor and
the health check, which import as little as possible.
"""

# Defaults of the settings HOST, PORT and START_SECONDS.
HOST = "0.0.0.0"  # a container listens on all addresses
PORT = 8080
START_SECONDS = 60

STOP_SECONDS = 8.0  # the limit for a stop: `docker stop` kills after 10 s
DRAIN_SECONDS = 5  # for requests at a stop: less than the supervisor allows for the whole stop

# Exit statuses, named as in sysexits.h.
EXIT_SOFTWARE = 70  # the service itself failed
EXIT_SYSTEM = 71  # the system refused a resource
EXIT_IO = 74  # neither stdout nor stderr can be written to
EXIT_CONFIG = 78

EXIT_USAGE = 2  # the exit status of a command with wrong arguments
