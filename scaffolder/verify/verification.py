"""A verification: the steps of a level, in order, up to the first that fails."""

import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scaffolder import temporary
from scaffolder.reporting import SILENT, Reporter

from . import places
from .container import Host, container
from .drills import drills
from .local import local
from .log import Log
from .outcome import Level, Outcome, Result, Verification, up_to
from .subject import Subject

Seen = Callable[[Outcome], None]
"""Hears of each step when it is done."""

OPTIONAL = ("tests",)
"""Steps without which the others can be done."""

LOGS = 10
"""How many logs are kept."""


def ignore(_: Outcome) -> None:
    """Drop it."""


def verify(
    subject: Subject, level: Level, report: Reporter = SILENT, seen: Seen = ignore
) -> Verification:
    """Verify a subject; what it runs is gone afterwards."""
    if subject.is_image_alone:
        level = Level.CONTAINER  # there is no less, and no drill of a runtime
    began, done = datetime.now(UTC), list[tuple[Level, Outcome]]()
    with temporary.directory() as place, report.progress(f"verifying {subject.name}"):
        log = Log(place / "log")
        host = Host(subject, log)
        with closing(_steps(host, level, report)) as steps:
            for part, outcome in steps:
                done.append((part, outcome))
                seen(outcome)
                if outcome.result is Result.FAILED:
                    break
                if outcome.result is Result.WARNED and outcome.step not in OPTIONAL:
                    break
        kept = _keep(log, subject, level)
    outcomes = tuple(outcome for _, outcome in done)
    whole = Verification(
        subject.tree, level, outcomes, began, subject.configuration, host.image, str(kept)
    )
    return replace(whole, within=_within(whole, done))


def _within(whole: Verification, done: list[tuple[Level, Outcome]]) -> Verification | None:
    """Return the level before the last that was begun, if that one did not pass and it did."""
    last = done[-1][0]
    if whole.result is Result.PASSED or last is Level.LOCAL:
        return None
    *_, level, _ = up_to(last)
    outcomes = tuple(outcome for part, outcome in done if part is not last)
    image = "" if level is Level.LOCAL else whole.image
    found = replace(whole, level=level, outcomes=outcomes, image=image)
    return found if found.result is Result.PASSED else None


def _steps(host: Host, level: Level, report: Reporter) -> Generator[tuple[Level, Outcome]]:
    parts = {
        Level.LOCAL: lambda: local(host.subject, host.log, report),
        Level.CONTAINER: lambda: container(host),
        Level.DRILLS: lambda: drills(host),
    }
    for part in [level] if host.subject.is_image_alone else up_to(level):
        with closing(parts[part]()) as steps:
            for outcome in steps:
                yield part, outcome


def _keep(log: Log, subject: Subject, level: Level) -> Path:
    """Keep a log in the repository, beside the last ones."""
    logs = places.own(subject.home, "logs")
    kept = logs / f"{subject.tree[:12]}-{level}-{secrets.token_hex(3)}.log"
    shutil.copy(log.path, kept)
    for old in sorted(logs.glob("*.log"), key=lambda path: path.stat().st_mtime)[:-LOGS]:
        old.unlink(missing_ok=True)
    return kept
