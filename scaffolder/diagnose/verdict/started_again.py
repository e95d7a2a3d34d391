"""A copy that is started twice: what its first run wrote is there in the second, as it was here."""

import errno
import re
from collections.abc import Container

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, quoted
from scaffolder.diagnose.evidence.facts import moment
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.trace import Call, Trace
from scaffolder.docker.client import Engine, EngineError

from .copies import Outcome, noted, run
from .cures import LEFT_OVER
from .factor import Factor
from .rerun import Rerun
from .watching import tracer_for

VARYING = re.compile(r"\d+|0x[0-9a-f]+", re.IGNORECASE)
"""What differs between two messages about the same: times, process ids, addresses."""


def started_again(engine: Engine, case: Case, fresh: Outcome, tried: list[str]) -> Rerun | None:
    """Start a copy twice: return why the second start fails, if it fails as the container did."""
    try:
        tracer = tracer_for(case)
    except EngineError:
        tracer = None
    factor = Factor("a second start", case.config, again=True)
    found = noted(factor, lambda: run(engine, case, factor, tracer), tried)
    if found is None or found.alive or not _is_the_same(case, found):
        return None
    written = {path for kind, path in case.changes if kind in "AC"}
    call = _over(found.trace, written)
    if call:
        what, words = f"{call.made} is {LEFT_OVER.text}", f" ({call.words})"
        shown: tuple[Evidence, ...] = (
            Evidence("changes", f"docker diff {quoted(case)}", f"A {call.made}"),
        )
    else:
        what, words = "what its first run writes makes the next one fail", ""
        shown = ()
    fares = f"a fresh copy {fresh.words}; started again, it {found.words}{words}"
    again = Evidence("rerun", f"docker run ... {case.config.image}; docker restart ...", fares)
    return Rerun(
        LEFT_OVER.cause,
        LEFT_OVER.pattern,
        f"{what}: {fares}",
        "make the start cope with what an earlier one made (mkdir -p, test -e, rm -f of marks), or"
        " take a new container each time: docker rm and docker run instead of docker start",
        cured=True,
        proves=bool(call or _last_words(case)) or _has_run_before(case),
        factor=LEFT_OVER.factor,
        evidence=(again, *shown),
        tried=tried[:-1],
    )


def _over(trace: Trace | None, written: Container[str]) -> Call | None:
    """Return the call that the second run fails over, if it is about what the first one wrote."""
    if trace is None:
        return None
    seen = Seen(trace)
    there = (call for call in reversed(trace.calls) if call.error == errno.EEXIST)
    calls = (seen.failed_call, seen.found_last, *there)
    return next((call for call in calls if call and call.made in written), None)


def _is_the_same(case: Case, found: Outcome) -> bool:
    """Tell whether a copy failed as the container did: with the same code and the same words."""
    mine, theirs = _last_words(case), _telling(found.text.splitlines())
    same = VARYING.sub("", mine) == VARYING.sub("", theirs)
    return found.exit_code == case.exit_code and same


def _last_words(case: Case) -> str:
    return _telling([line.text for line in case.log.since(case.state.started)])


def _telling(lines: list[str]) -> str:
    """Return the last line that reports a failure, or else the last one at all."""
    return last_words(lines) or next((x.strip() for x in reversed(lines) if x.strip()), "")


def _has_run_before(case: Case) -> bool:
    """Tell whether the last run was not the first one."""
    started = case.state.started
    times = [at for line in case.log.lines if (at := moment(line.time))]
    starts = sum(event.action == "start" for event in case.events)
    return case.restarts > 0 or starts > 1 or any(started and at < started for at in times)
