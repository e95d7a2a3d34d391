"""The entry point of `viscaffold` and of `python -m scaffolder`."""

import gc
import sys

from . import streams

GARBAGE = 100_000
"""Objects; Python looks for garbage after every 700 new ones, a twentieth of a command's time."""


def main() -> None:
    """Run the command line and exit with its code, also when interrupted while it loads."""
    streams.prepare()
    gc.set_threshold(GARBAGE)
    try:
        from .cli import run  # noqa: PLC0415 - an interrupt while it loads is one, too

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
