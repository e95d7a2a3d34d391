"""What a line of a service's log means: by the documents, and where the sources write it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from . import runbook
from .answer import Explanation, Kind, facts
from .subject import Subject

SHORT = 8
"""Fewer letters say nothing: `%s: %s` is in every line."""
WORDS = re.compile(r"\w{2,}")
MESSAGES = ("message", "event", "msg")
"""Where a line in JSON has its text."""
MOST = 3
"""How many places of the sources are named."""
VARIABLE = re.compile(r"…|'x'|\d+(?:\.\d+)?|(?<=setting )[A-Z_]+")
"""What stands for something else in a sentence of a document."""
LINK = re.compile(r"docs/runbook\.md#[\w-]+")
"""How a line of the supervisor names the page that treats it."""


@dataclass(frozen=True)
class Written:
    """A text that the sources of a service may write to its log."""

    path: str
    line: int
    letters: int
    """How much of it is fixed: of two that fit, the longer one is meant."""


def explained(subject: Subject, words: str) -> Iterator[Explanation]:
    """Explain a line of the log, whole or a part of it, as text or JSON."""
    line = _message(words)
    if " " not in line.strip():
        return
    places = [f"{found.path}:{found.line}" for found in _sources(subject, line)]
    entries = _documented(subject, line)
    for entry in entries:
        pages = dict.fromkeys([*_pages(subject, line), entry.place])
        told = facts(what_to_do=entry.advice, runbook=[*pages], written_by=places)
        yield Explanation(Kind.LOG_LINE, entry.key, entry.meaning, told)
    if places and not entries:
        stage = subject.stage_of.get(places[0].rpartition(":")[0], "")
        says = "the service writes it; its documents do not explain it"
        book = _pages(subject, line) or [str(PurePosixPath(subject.inner, runbook.RUNBOOK))]
        told = facts(stage=stage, written_by=places, runbook=book)
        yield Explanation(Kind.LOG_LINE, line.strip(), says, told)


def _pages(subject: Subject, line: str) -> list[str]:
    """Return the pages that the line itself names, where this service has them."""
    return [str(PurePosixPath(subject.inner, page)) for page in LINK.findall(line)]


def _message(words: str) -> str:
    try:
        found = json.loads(words)
    except (ValueError, RecursionError):
        return words
    texts = [found.get(key) for key in MESSAGES] if isinstance(found, dict) else []
    return next((text for text in texts if isinstance(text, str)), words)


def _documented(subject: Subject, line: str) -> list[runbook.Entry]:
    """Return what documents say of the line: of what fits, the sentence with the most letters."""
    fitting = [
        (letters, entry)
        for entry in subject.sentences
        if (letters := _fits(VARIABLE.split(entry.key), line)) >= SHORT
    ]
    most = max((letters for letters, _ in fitting), default=0)
    return [entry for letters, entry in fitting if letters == most]


def _sources(subject: Subject, line: str) -> Sequence[Written]:
    found = [
        Written(path, text.line, letters)
        for path, text in subject.texts
        if any(" " in part.strip() for part in text.parts)  # other than names
        if (letters := _fits(text.parts, line)) >= SHORT
    ]
    most = max((one.letters for one in found), default=0)
    return [one for one in found if one.letters == most][:MOST]


def _fits(parts: Sequence[str], line: str) -> int:
    """Return how many letters of a sentence a line has, its parts in order; 0 if it does not."""
    at = 0
    for part in (part.strip("\n") for part in parts):
        found = line.find(part, at)
        if found < 0:
            return 0
        at = found + len(part)
    return sum(len(word) for part in parts for word in WORDS.findall(part))
