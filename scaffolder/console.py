"""What the user sees: messages on stderr, data on stdout; colour and progress on a terminal."""

import itertools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

TRUST = "viscaffold.trust"
"""Where click keeps, for the time of a command, that `--trust` was typed."""

SPINNER_SECONDS = 0.5
SPINNER_TICK = 0.1


def say(message: str = "") -> None:
    """Write a message for the person to stderr."""
    stop_progress()
    click.echo(message, err=True)


def data(value: object) -> None:
    """Write a JSON document to stdout; a byte that is no UTF-8 becomes a lone surrogate."""
    stop_progress()
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        text = json.dumps(value, indent=2)
    click.echo(text)


def next_steps(steps: Sequence[str]) -> None:
    """Write numbered next steps."""
    say("\nNext:")
    for number, step in enumerate(steps, start=1):
        say(f"  {number}. {step}")


def wants_colour() -> bool | None:
    """Return False where colour is unwanted, None where a terminal decides (no-color.org)."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def trusts() -> bool:
    """Tell whether the command was typed with `--trust`."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(TRUST))


_stops: list[Callable[[], None]] = []


def stop_progress() -> None:
    """End the spinner, if one turns: what follows is the outcome."""
    while _stops:
        _stops.pop()()


@contextmanager
def progress(label: str) -> Iterator[None]:
    """Turn a spinner on a terminal's stderr, once the work has taken half a second."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    done = threading.Event()
    spinner = threading.Thread(target=_spin, args=(label, done), daemon=True)
    spinner.start()

    def stop() -> None:
        done.set()
        spinner.join()

    _stops.append(stop)
    try:
        yield
    finally:
        stop_progress()


def _spin(label: str, done: threading.Event) -> None:
    if done.wait(SPINNER_SECONDS):
        return
    for frame in itertools.cycle("-\\|/"):
        sys.stderr.write(f"\r{frame} {label} ")
        sys.stderr.flush()
        if done.wait(SPINNER_TICK):
            break
    sys.stderr.write("\r" + " " * (len(label) + 3) + "\r")
    sys.stderr.flush()
