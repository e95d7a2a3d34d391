"""A copy that is started twice: what its first run wrote is there in the second, as it was here."""

import errno
import re
from collections.abc import Container, Mapping
from types import MappingProxyType

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, quoted
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.trace import Call, Trace
from scaffolder.docker.client import Engine, EngineError
from scaffolder.text import quoted as typed

from .copies import Outcome, noted, run
from .cures import LEFT_OVER
from .factor import Factor
from .rerun import Rerun
from .watching import tracer_for

VARYING = re.compile(r"\d+|0x[0-9a-f]+", re.IGNORECASE)
"""What differs between two messages about the same: times, process ids, addresses."""
NEW = "take a new container each time: docker rm and docker run instead of docker start"
ELSEWHERE = "put it on a --tmpfs, which begins empty"


def started_again(
    engine: Engine,
    case: Case,
    fresh: Outcome,
    tried: list[str],
    sockets: Mapping[str, Evidence] = MappingProxyType({}),
) -> Rerun | None:
    """Start a copy twice: return why the second start fails, if it fails as the container did.

    `sockets` are those that the container has from before, and how that is known.
    """
    try:
        tracer = tracer_for(case)
    except EngineError:
        tracer = None
    factor = Factor("a second start", case.config, again=True)
    found = noted(factor, lambda: run(engine, case, factor, tracer), tried)
    if found is None or found.alive or not _is_the_same(case, found):
        return None
    written = {path for kind, path in case.changes if kind in "AC"}
    call = _over(case, found.trace, written | sockets.keys())
    remedy = "make the start cope with what an earlier one made (mkdir -p, test -e, rm -f of marks)"
    if call:
        path = _made(call)
        what, words = (
            f"{path} is {LEFT_OVER.text}",
            f" ({call.words})" if call.error else " over it",
        )
        diff = Evidence("changes", f"docker diff {quoted(case)}", f"A {path}")
        shown: tuple[Evidence, ...] = (sockets.get(path, diff),)
        if path in sockets:
            remedy = f"remove it at the start (rm -f {typed(path)} before exec)"
    else:
        what, words = "what its first run writes makes the next one fail", ""
        shown = ()
    fares = f"a fresh copy {fresh.words}; started again, it {found.words}{words}"
    again = Evidence("rerun", f"docker run ... {case.config.image}; docker restart ...", fares)
    return Rerun(
        LEFT_OVER.cause,
        LEFT_OVER.pattern,
        f"{what}: {fares}",
        f"{remedy}, or {NEW if not call or _is_among(case, call, written) else ELSEWHERE}",
        cured=True,
        proves=bool(call or _last_words(case)) or _has_run_before(case),
        factor=LEFT_OVER.factor,
        evidence=(again, *shown),
        tried=tried[:-1],
    )


def _over(case: Case, trace: Trace | None, written: Container[str]) -> Call | None:
    """Return the call that the second run fails over, if it is about what the first one wrote.

    Or the one by which it reads that, and then ends: a mark, such as a pid file. What a process
    finds there already and ends well with, as `mkdir -p` does, is no obstacle.
    """
    if trace is None:
        return None
    seen = Seen(trace)
    there = (call for call in reversed(trace.calls) if call.error == errno.EEXIST)
    insisted = (call for call in there if trace.processes[call.process].failed)
    calls = (seen.failed_call, seen.found_last, *insisted, seen.opened_last)
    return next((call for call in calls if call and _is_among(case, call, written)), None)


def _is_among(case: Case, call: Call, written: Container[str]) -> bool:
    path = _made(call)
    return path in written or bool(path and real(case, path) in written)


def real(case: Case, path: str) -> str:
    """Return where a path leads in the container: /var/run is often a link to /run."""
    entry = case.has(path)
    return entry.path if entry else path


def _made(call: Call) -> str:
    """Return the path that a call makes; a Unix socket is made when it is bound."""
    is_socket = call.name == "bind" and not call.port
    return call.made or (call.address if is_socket else "")


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
