"""The entry point of `viscaffold` and of `python -m scaffolder`."""

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line and exit with its code, also when interrupted while it loads."""
    # A path may hold bytes that are no text: show them escaped, as stderr does.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from .cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
