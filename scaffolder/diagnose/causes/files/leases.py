"""Times in a file of a mount that are written in milliseconds, and waited for as seconds."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, inspected
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase

UNTIL = re.compile(
    r"\b(\w{0,30}(?:expir|until|lease|deadline|not_before|valid_to|locked)\w{0,30})"
    r"['\"]?\s{0,3}[:=]\s{0,3}['\"]?(\d{13})\b",
    re.IGNORECASE,
)
"""A time that something is held until, with as many digits as milliseconds since 1970 have."""
MOST, LARGEST = 40, 4096
"""How many files of a mount are read, and how large ones."""
YEARS = 2 * 365 * 86400.0
"""In seconds: what was over before that is a time of something else."""


@cause(
    "lease-in-milliseconds",
    "the program waits for a time that a file states in milliseconds, as if these were seconds",
    pattern="environment",
    reads=["files", "live", "inspect"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-listening", "waits-in-call", "check-too-early"],
)
def lease_in_milliseconds(case: Case) -> Found | None:
    """Find a lease in a mount that is over, if its time is in milliseconds, and nobody serves.

    Whoever held it has not renewed it, and whoever reads seconds waits for fifty thousand years.
    """
    if case.sockets or case.other_sockets or case.state.health:
        return None
    now = case.now.timestamp()
    began = case.state.started.timestamp() if case.state.started else now
    for path, said in _files(case):
        match = UNTIL.search(said)
        seconds = int(match[2]) / 1000 if match else 0.0
        if match is None or not now - YEARS < seconds < began:
            continue
        when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return Found(
            f"{path} has {match[1]}={match[2]}, which is {when} in milliseconds, and over; a"
            " program that takes it for seconds waits for it some 50,000 years: it runs, and"
            " nothing listens",
            f"remove {path}, or write {match[1]} in the unit that the program reads",
            (
                content(case, path, f"{match[1]}={match[2]}"),
                inspected(case, "State.StartedAt", f"after {when}"),
            ),
        )
    return None


def _files(case: Case) -> Iterator[tuple[str, str]]:
    """Yield small files in mounts that the container may write to, and their texts."""
    for mount in case.config.mounts:
        for path in islice(case.files.names(mount.destination), MOST) if mount.writable else ():
            entry = case.files.entry(path)
            if entry and entry.kind == "file" and entry.size <= LARGEST:
                yield path, text(case.files, path) or ""
