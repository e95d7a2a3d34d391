"""Copies of another user that run only because they may not do what the container does.

Who refuses to be root asks first, and then does the rest. Where a copy is denied what the
container was granted before its end, it is on another way already, and proves nothing.
"""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.decisive import REFUSALS
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .watching import tracer_for


def held_back(engine: Engine, case: Case, factor: Factor, tried: list[str]) -> Call | None:
    """Return what a copy with another user may not do, and the container did; None if nothing.

    It is added to what is told of that copy, the last one that was `tried`.
    """
    known = case.seen.trace
    config = factor.config
    is_root = config.user == "0" and not config.capabilities_dropped  # which nothing is denied to
    if config.user == case.config.user or is_root or not known.processes:
        return None
    try:
        trace = run(engine, case, factor, tracer_for(case)).trace
    except EngineError:
        return None
    done = {(c.name, c.made, c.writes) for c in known.calls if c.path and not c.error}
    denied = (c for c in trace.calls if c.error in REFUSALS) if trace and not trace.obstacle else ()
    found = next((c for c in denied if (c.name, c.made, c.writes) in done), None)
    if found:
        tried[-1] += f", but is denied {found.made}, which the container uses: no proof"
    return found
