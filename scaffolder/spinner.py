"""Progress on a terminal's stderr."""

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from . import streams
from .text import printable

SECONDS = 0.5
"""Work that takes less shows none."""

TICK = 0.1

_stops: list[Callable[[], None]] = []


def stop_progress() -> None:
    """End the spinner, if one turns: what follows is the outcome."""
    while _stops:
        _stops.pop()()


@contextmanager
def progress(label: str) -> Iterator[None]:
    """Turn a spinner on a terminal's stderr, once the work has taken half a second.

    One that turns already ends: there is one at a time.
    """
    if not streams.is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield
        return
    stop_progress()
    done = threading.Event()
    spinner = threading.Thread(target=_spin, args=(printable(label), done), daemon=True)
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
    if done.wait(SECONDS):
        return
    with suppress(OSError):  # the terminal went away
        for frame in itertools.cycle("-\\|/"):
            sys.stderr.write(f"\r{frame} {label} ")
            sys.stderr.flush()
            if done.wait(TICK):
                break
        sys.stderr.write("\r" + " " * (len(label) + 3) + "\r")
        sys.stderr.flush()
