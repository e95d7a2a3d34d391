"""The entry point of `viscaffold` and of `python -m scaffolder`."""

import sys


def main() -> None:
    """Run the command line and exit with its code, also when interrupted while it loads."""
    try:
        from .cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
