"""What an exit status means: of the service, from outside, and of viscaffold itself."""

import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from scaffolder.errors import MEANINGS

from . import runbook
from .answer import Explanation, Kind, facts
from .subject import Subject

MOST = 255
SIGNALS = 128
"""A status above is this and the number of a signal."""


def explained(subject: Subject, word: str) -> Iterator[Explanation]:
    """Explain the exit status `word`, of a service and of viscaffold, where both have it."""
    if not re.fullmatch(r"[0-9]{1,3}", word) or int(word) > MOST:
        return
    entries = runbook.statuses(subject.given(runbook.RUNBOOK))
    found = [entry for entry in entries if entry.key.partition(",")[0] == word]
    for entry in found:
        condition = entry.key.partition(", ")[2]
        says = f"of a service, {condition}: {entry.meaning}" if condition else (
            f"of a service: {entry.meaning}")  # fmt: skip
        told = facts(
            what_to_do=entry.advice, runbook=str(PurePosixPath(subject.inner, entry.place))
        )
        yield Explanation(Kind.STATUS, word, says, told)
    if not found:
        yield from _of_signal(int(word))
    for code, meaning in MEANINGS.items():
        if code == int(word):
            yield Explanation(Kind.STATUS, word, f"of viscaffold: {meaning}")


def _of_signal(number: int) -> Iterator[Explanation]:
    with suppress(ValueError):
        name = signal.Signals(number - SIGNALS).name
        says = f"of any program: ended by signal {number - SIGNALS}, {name}"
        yield Explanation(Kind.STATUS, str(number), says)
