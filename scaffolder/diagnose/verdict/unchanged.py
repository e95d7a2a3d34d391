"""The copy that nothing is changed in, and watched; others are compared with it."""

from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.docker.client import Engine, EngineError

from .ahead import Ahead
from .apart import only_copies_lack
from .copies import Outcome, run
from .factor import Factor
from .lifetimes import window
from .watching import is_unread, tracer_for


def unchanged(engine: Engine, case: Case, ahead: Ahead | None = None) -> Outcome:
    """Run a copy without changes, watched; where it ends otherwise for that, another one, alone.

    `ahead` is the watched one, if it was begun before.
    """
    if ahead and ahead.compared:
        _note(case, ahead.obstacle)
        return ahead.compared
    same, why = _compared(engine, case, ahead)
    if ahead:
        ahead.compared, ahead.obstacle = same, why
    _note(case, why)
    return same


def _note(case: Case, why: str) -> None:
    if why:
        case.unsought.append(f"what the program asks the system for: {why}")


def _compared(engine: Engine, case: Case, ahead: Ahead | None) -> tuple[Outcome, str]:
    nothing = Factor("nothing", case.config)
    seen, why = None, ""
    try:
        seen = ahead.outcome() if ahead else run(engine, case, nothing, tracer_for(case))
        seen = _read(engine, case, seen)
        why = seen.trace.obstacle if seen.trace else ""
    except EngineError as error:
        why = error.message
    if seen and seen.trace and not why and is_like(case, seen):
        take_in(case, Seen(seen.trace))
        return seen, ""
    same = run(engine, case, nothing)
    if seen and not why and same.words != seen.words and not _ends_later(case, seen, same):
        why = f"under the tracer a copy {seen.words}, and otherwise {same.words}"
    return replace(same, trace=seen.trace if seen and not why else None), why


def _ends_later(case: Case, seen: Outcome, same: Outcome) -> bool:
    """Tell whether a watched copy ended only after the time that the other one had."""
    first = seen.trace.first if seen.trace else None
    return same.alive and bool(first and (first.ended or 0) > window(case) * 1000)


def _read(engine: Engine, case: Case, seen: Outcome) -> Outcome:
    """Watch another copy, whose tracer may read all, where the first one's could not.

    It counts only if it fares the same: it has a capability more than the container.
    """
    if seen.trace is None or not is_unread(seen.trace) or not is_like(case, seen):
        return seen
    added = (*case.config.capabilities_added, "SYS_PTRACE")
    more = Factor("nothing", replace(case.config, capabilities_added=added))
    other = run(engine, case, more, tracer_for(case))
    is_same = other.trace and not other.trace.obstacle and is_like(case, other)
    return other if is_same else seen


def take_in(case: Case, seen: Seen) -> None:
    """Add what a copy did to a case: its lines, and what follows from them, are others then."""
    case.seen = seen
    lacked = seen.lacked or only_copies_lack(case)
    if lacked:
        case.seen = replace(seen, swallowed=None, lacked=lacked)
    for name in ("log_file", "lines", "text", "last_words"):
        case.__dict__.pop(name, None)


def is_like(case: Case, found: Outcome) -> bool:
    """Tell whether a copy fares as the container did."""
    if case.phase == Phase.RUNNING:
        return found.alive
    # An abort() of PID 1 ends in 139, that of another process in 134.
    same = found.exit_code == case.exit_code or {found.exit_code, case.exit_code} == {134, 139}
    return not found.alive and (same if found.trace else found.exit_code == case.exit_code)
