"""What a word means: every kind of thing is asked, and all that know it answer."""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from scaffolder.errors import UsageError
from scaffolder.text import shown

from . import log_lines, paths, settings, stages, statuses, subject
from .answer import Explanation, Kind
from .subject import Subject

NEAR = 0.6


def explain(
    start: Path, words: str, *, kind: Kind | None = None, lines: bool = False, language: str = ""
) -> list[Explanation]:
    """Explain a path, a stage, a setting, an exit status or a line of the log, as seen at `start`.

    What can be several of them has several answers, unless `kind` says which is meant. Raise
    UsageError, with the nearest words, for what is none of them.
    """
    asked = subject.of(start, language)
    found = [
        one
        for each in (kind, *(() if kind else Kind))
        if each
        for one in _explained(asked, each, words, lines=lines)
    ]
    if not found:
        others = kind and [one for one in Kind if any(_explained(asked, one, words, lines=False))]
        raise _another(words, kind, others) if kind and others else _nothing(asked, words)
    return found


def _explained(asked: Subject, kind: Kind, words: str, *, lines: bool) -> Iterator[Explanation]:
    if kind is Kind.PATH:
        return paths.explained(asked, words, lines=lines)
    functions = {
        Kind.STAGE: stages.explained,
        Kind.SETTING: settings.explained,
        Kind.STATUS: statuses.explained,
        Kind.LOG_LINE: log_lines.explained,
    }
    return functions[kind](asked, words)


def _another(words: str, kind: Kind, others: Sequence[Kind]) -> UsageError:
    known = ", ".join(other.value for other in others)
    return UsageError(
        f"{shown(words)} is no {kind.value}, but another thing: {known}",
        f"the same command with --kind {others[0].value}, or without --kind",
    )


def _nothing(asked: Subject, words: str) -> UsageError:
    if "/" in words and "\0" not in words and os.path.lexists(asked.start / words):
        return UsageError(
            f"{shown(words)} is a file, but not one of a service here",
            "run it in the directory of the service that the file is of",
        )
    known = [*asked.catalogue.stages, *settings.names(asked), *asked.rendered]
    lower = {name.lower(): name for name in known}
    ends = {name.lower().rpartition("/")[2]: name for name in asked.rendered}
    close = get_close_matches(words.lower(), {**ends, **lower}, 3, NEAR)
    names = list(dict.fromkeys({**ends, **lower}[name] for name in close))
    hint = " or ".join(f"viscaffold explain {name}" for name in names)
    return UsageError(
        f"{shown(words)} is no file, stage, setting, exit status or line of the log of a service",
        hint or "viscaffold stages; or a longer part of the line",
    )
