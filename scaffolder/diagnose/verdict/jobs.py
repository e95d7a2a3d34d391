"""Whether an end with 0 is that of a job that has done its work."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Cause, Found
from scaffolder.diagnose.causes.evidence import seen
from scaffolder.diagnose.causes.silence.claims import may_have_served, reports, stops_unasked
from scaffolder.diagnose.causes.silence.endings import is_to_stay
from scaffolder.diagnose.evidence.gave_up import has_worked
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.swallowed import LOST
from scaffolder.diagnose.evidence.wrapped import is_refused_room

from .order import is_sure
from .proof import lines_after, makes_light

MALFORMED = re.compile(
    r"\b(?:JSONDecodeError|JSON::ParserError|Psych::\w+|YAMLError|ScannerError|ParserError"
    r"|TOMLDecodeError|ExpatError|SAXParseException|Json\w*Exception|SyntaxError: [^\n]*JSON"
    r"|SyntaxError: Unexpected (?:token|end))"
)
"""Exceptions of what is read and does not have the form that it is to have."""
IDLE = {"nothing-done", "without-network"}
"""Causes of which a job had no work, or no results."""
CACHE = re.compile(r"cache|/\.config/", re.IGNORECASE)
"""What a job that has said what it did may do without."""


def is_job(case: Case, best: tuple[Cause, Found]) -> bool:
    """Tell whether an exit with 0 is that of a job that has finished its work and logged it."""
    cause, hit = best
    is_to_run_on = case.config.must_stay or (case.is_silent and is_to_stay(case))
    if is_to_run_on or has_failed(case) or cause.id in IDLE:
        return False
    if any(left.is_main for left in case.seen.left) and not reports(case):
        return False  # what it began waits for something, and it says of nothing that it is done
    if case.is_silent or _tells_of(case):
        return _may_be_optional(case, hit)
    if not may_have_served(case) and _may_be_optional(case, hit):
        return True
    said = [e.found for e in hit.evidence if e.source == "logs"]
    if cause.reads[0] == "logs" and any(makes_light(w) or lines_after(case, w) for w in said):
        return True  # it continued after the complaint, and exited with 0
    return not hit.proven and not is_sure(best)


def has_failed(case: Case) -> bool:
    """Tell whether an end with 0 is that of a program which met an exception, and failed.

    It says that it has stopped, which nobody asked for; or what it was to read is malformed, or a
    task has ended over the exception, and it has done nothing at all.
    """
    kept = case.seen.swallowed if case.phase == Phase.FINISHED else None
    if kept is None:
        return False
    tells_nothing = case.is_silent or not reports(case)
    is_fatal = kept.how == LOST or MALFORMED.search(kept.last) is not None
    is_idle = tells_nothing and is_fatal and not has_worked(case.seen.trace)
    return stops_unasked(case) or is_idle


def _tells_of(case: Case) -> bool:
    """Tell whether the program itself names what it did not find: then it knows what it does."""
    call = case.seen.failed_call
    path = call.path if call else ""
    return bool(path) and any(path in line.text for line in case.log.lines)


def _may_be_optional(case: Case, hit: Found) -> bool:
    """Tell whether an answer rests only on what failed in a copy, as much does in many jobs."""
    call, kept = case.seen.failed_call, case.seen.swallowed
    if call and is_refused_room(call) and (case.is_silent or not CACHE.search(call.made)):
        return False
    if call and call.name == "bind" and call.port and call == case.seen.gave_up:
        return False  # it has tried to serve, and then nothing else
    known = [seen(case, call).found] if call else []
    known += [kept.words] if kept and (kept.link or kept.how in {"", LOST}) else []
    return any(e.source == "rerun" and e.found in known for e in hit.evidence)
