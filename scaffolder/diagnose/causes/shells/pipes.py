"""Pipelines that break: a script with pipefail ends with the SIGPIPE of one of its commands."""

import re
import signal
from collections.abc import Iterator, Sequence
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, watched
from scaffolder.diagnose.evidence.phase import SIGNALLED
from scaffolder.diagnose.evidence.trace import Traced
from scaffolder.diagnose.programs.pipelines import Pipeline, broken
from scaffolder.diagnose.programs.scripts import Script, sourced

from .script import quote, scripts, where

SETS = re.compile(r"^[ \t]*(set [-+][^\n]*)", re.MULTILINE)
"""How a script turns options on and off."""


@cause(
    "pipe-read-in-part",
    "a script with pipefail ends at a pipeline whose reader does not read to the end",
    pattern="process",
    reads=["files", "inspect", "rerun"],
    page="check-shell",
    basis=Basis.INFERRED,
    explains=["ended-by-signal", "connection-closed", "errexit", "last-call"],
)
def pipe_read_in_part(case: Case) -> Found | None:
    """Find `zcat FILE | head -n 1` under pipefail, in a script that ends with 141."""
    if case.exit_code != SIGNALLED + signal.SIGPIPE or signal.SIGPIPE in case.signals:
        return None
    trace = case.seen.trace
    hit = [each for each in trace.processes.values() if each.signal == signal.SIGPIPE]
    if trace.first and (trace.first in hit or not hit):
        return None  # then no command of the script has it, but what the script has become
    for script, text in _with_options(case):
        found = broken(text, case.config.argv)
        one = _ended_by(found, hit)
        if one is None:
            continue
        others = len(found) - 1 if not hit else 0
        more = f" ({others} more of its pipelines are like that)" if others else ""
        names = " | ".join(one.writers)
        return Found(
            f"{where(script)} ends with 141 at `{one.line[:200]}`{more}: `{one.reader}` stops"
            f" reading before {names} has written all, which SIGPIPE ends then; with pipefail that"
            " is the status of the pipeline, and the script ends over it",
            f"read to the end (sed -n 1p for head -n 1, grep ... >/dev/null for grep -q), or accept"
            f" the early end: {{ {names} ... || true; }} | {one.reader}",
            (
                quote(case, script, one.line),
                *(
                    watched(case, f"SIGPIPE ends {each.name} (process {each.number})")
                    for each in hit[:1]
                ),
                ended(case),
            ),
        )
    return None


def _with_options(case: Case) -> Iterator[tuple[Script, str]]:
    """Yield the scripts, and what they read as a part of themselves, with the options of each."""
    for script in scripts(case):
        yield script, script.text
        options = "".join(f"{line}\n" for line in SETS.findall(script.text))
        for part in sourced(case.files, script, case.config.workdir):
            yield part, options + part.text


def _ended_by(found: Sequence[Pipeline], hit: Sequence[Traced]) -> Pipeline | None:
    """Return the pipeline to name: that of the process which the signal ended, if that is known.

    A command may be a script for another one, as zcat is for gzip: then the first one is meant.
    """
    names = {each.name for each in hit}
    named = (one for one in found if names & {basename(writer) for writer in one.writers})
    return next(named, next(iter(found), None))
