"""A step of a verification: it passes, fails, or cannot be done here."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .log import last_lines
from .outcome import Outcome, Result


class NotAsExpectedError(Exception):
    """A step found something else than it has to."""

    def __init__(self, expected: str, found: str, said: str = "") -> None:
        """Say what was expected, what was found, and what the program has written."""
        super().__init__(expected, found)
        self.expected, self.found, self.said = expected, found, said


class MissingError(Exception):
    """A step cannot be done here; the message says what is missing, and what to do about it."""


FULL = re.compile(
    "|".join(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT)), re.IGNORECASE
)


def says_full(said: str) -> bool:
    """Tell whether a tool has said that the disk is full, which is no fault of the service's."""
    return FULL.search(said) is not None


Act = Callable[[], None]


def attempt(name: str, act: Act) -> Outcome:
    """Do a step; return its outcome."""
    start = time.monotonic()
    try:
        act()
    except NotAsExpectedError as error:
        seconds, lines = time.monotonic() - start, last_lines(error.said)
        return Outcome(name, Result.FAILED, seconds, error.expected, error.found, lines)
    except MissingError as error:
        return Outcome(name, Result.WARNED, time.monotonic() - start, found=str(error))
    return Outcome(name, Result.PASSED, time.monotonic() - start)


@contextmanager
def quoting(said: Callable[[], str]) -> Iterator[None]:
    """Add to what is not as expected in the block what a program has written until then."""
    try:
        yield
    except NotAsExpectedError as error:
        error.said = error.said or said()
        raise
