"""A copy that runs as root, and what it means if that one does not fail."""

import errno
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.refusing import culprit, refusal
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.identity import WRITE
from scaffolder.text import quoted

from . import cures
from .cures import Cure
from .factor import Factor

READ = 4
MOST = 3


def as_root(case: Case) -> Iterator[Factor]:
    """Yield it for a container with another user; the only path that is closed to that is it."""
    if case.config.user and case.identity.uid != 0:
        root = replace(case.config, user="0")
        yield Factor("the root user", root, flags="--user 0", cure=_cure(case))


def _cure(case: Case) -> Cure:
    closed = dict(_closed(case))
    if not closed:
        return cures.ROOT
    shown = [refusal(case, path, entry) for path, entry in closed.items()]
    refuses = quoted(next(iter(closed.values())).path)
    return replace(
        cures.ROOT,
        text="; ".join(shown[:MOST]),
        fix=f"chown {max(case.acting.uid, 0)} {refuses} in the Dockerfile (COPY --chown), or on the"
        " host if it is mounted; or chmod it, or run as its owner",
        proves=len(closed) == 1,
        is_exact=len(closed) == 1,
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
