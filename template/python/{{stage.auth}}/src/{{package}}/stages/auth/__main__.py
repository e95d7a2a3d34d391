"""The command `auth`, as it was called before it was one of the service."""

import sys

from .command import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
