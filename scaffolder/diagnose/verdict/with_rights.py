"""Copies whose user has the rights that it lacks: to one file, or those of root."""

import errno
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.refusing import culprit, refusal
from scaffolder.diagnose.evidence.decisive import REFUSALS
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.identity import WRITE
from scaffolder.text import quoted

from . import cures
from .factor import Factor

INSISTS = replace(
    cures.ROOT,
    cause="root-required",
    text="the program insists on root: nothing was refused to its user",
    fix="see why it asks who it is; then USER root in the Dockerfile, or --user 0",
)
READ = 4
READABLE = 0o644
LARGEST = 1 << 20
MOST = 3


def with_rights(case: Case) -> Iterator[Factor]:
    """Yield a copy whose user may read what it was refused, and one that runs as root.

    The first one proves which file it is. Which of root's rights counts is not known of the other.
    """
    if not case.config.user or case.identity.uid == 0:
        return
    closed = dict(_closed(case))
    for path, entry in closed.items():
        data = case.files.content(entry.path, LARGEST) if entry.kind == "file" else None
        if len(closed) == 1 and data is not None and entry.size <= LARGEST:
            yield Factor(
                f"{path} readable for all",
                case.config,
                files={path: data},
                mode=READABLE,
                flags=f"-v ./readable:{quoted(path)}:ro",
                cure=replace(_cure(case, closed), proves=True),
            )
    root = replace(case.config, user="0")
    yield Factor("the root user", root, flags="--user 0", cure=_cure(case, closed))


def _cure(case: Case, closed: dict[str, Entry]) -> cures.Cure:
    if not closed:
        calls = case.seen.trace.calls
        is_refused = any(call.error in REFUSALS for call in calls)
        is_free = bool(calls) and not is_refused and case.seen.failed_call is None
        return INSISTS if is_free else cures.ROOT
    shown = [refusal(case, path, entry) for path, entry in closed.items()]
    refuses = quoted(next(iter(closed.values())).path)
    return replace(
        cures.ROOT,
        text="; ".join(shown[:MOST]),
        fix=f"chown {max(case.acting.uid, 0)} {refuses} in the Dockerfile (COPY --chown), or on the"
        " host if it is mounted; or chmod it, or run as its owner",
    )


def _closed(case: Case) -> Iterator[tuple[str, Entry]]:
    """Yield what a watched copy was refused and never got, with the entry that refuses it."""
    calls = [call for call in case.seen.trace.calls if call.path]
    got = {call.path for call in calls if not call.error}
    for call in calls:
        if call.error != errno.EACCES or call.path in got:
            continue
        entry = culprit(case, call.made, WRITE if call.writes or call.makes else READ)
        if entry:
            yield call.made, entry
