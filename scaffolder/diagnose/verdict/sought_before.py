"""Which of several files a program needs that it looked for in vain, one after the other.

The last one may only stand in for one before, or be optional. Copies that get one of them tell;
where none does, an exception or a setting that names one, and then the order of the search.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from posixpath import basename, splitext

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import stand_ins
from scaffolder.diagnose.evidence.alternatives import AUTHORITIES
from scaffolder.diagnose.evidence.files import is_device
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine, EngineError

from . import cures
from .copies import Outcome, run, tried_with
from .factor import Factor, mounted
from .further import is_better
from .proof import makes_light
from .rerun import Rerun
from .started_again import VARYING
from .unchanged import take_in
from .wanted import LIBRARY
from .watching import tracer_for

MOST = 3
"""How many files that were sought before the last one are given to copies."""
SHORTEST = 2
"""How long a setting is, at least, that is a part of a name."""


def sought_before(
    engine: Engine,
    case: Case,
    same: Outcome,
    found: Rerun,
    is_over: Callable[[], bool],
) -> tuple[Factor, Outcome] | None:
    """Return what cured a copy, of the files sought before; else note in the case which decides."""
    last = case.seen.failed_last
    if last is None or not case.phase & Phase.DIED or is_over():
        return None
    if case.seen.failed_call != last:  # a file is closed: not what it lacks, if root fails as well
        if cures.ROOT.factor in found.in_vain:
            take_in(case, replace(case.seen, instead=last))
        return None
    near, needed = _sought(case, last)
    if not (near or needed) or not _is_in_vain(engine, case, same, last):
        return None
    for call in reversed(near[-MOST:]):
        watched = None if is_over() else _with(engine, case, call)
        if watched and is_better(case, watched):
            factor = _given(case, call)
            copy = tried_with(engine, case, factor, found.tried)
            if copy and is_better(case, copy):
                take_in(case, replace(case.seen, instead=call))
                return factor, copy
        elif watched and _is_changed(watched, same, call, last):
            needed = call
            break
    if needed:
        take_in(case, replace(case.seen, instead=needed))
    return None


def _sought(case: Case, last: Call) -> tuple[list[Call], Call | None]:
    """Return the calls that may matter before the last one, and which does if no copy tells."""
    calls = [c for c in stand_ins.before(case.seen.trace, last) if not _does_without(case, c)]
    near, raised = stand_ins.beside(calls, last), _raised(case, [*calls, last])
    is_other = case.seen.swallowed is not None and raised is None
    if is_other or any(_tells(case, last)):
        return [], None
    told = next((call for call in near if any(_tells(case, call))), None)
    named = raised or told or _named(case, calls, last)
    # The loader looks in many directories for a library that programs do without, too.
    is_loader = LIBRARY.search(last.path) and len(case.seen.places) > 1
    direct = (c for c in near if not is_loader and stand_ins.at_once(case.seen.trace, c, last))
    return near, named or next(direct, None)


def _does_without(case: Case, call: Call) -> bool:
    """Tell whether a program is known to do without a file, or only copies lack it."""
    is_light = any(makes_light(line) for line in _tells(case, call))
    return is_light or bool(AUTHORITIES.search(call.path)) or bool(case.has(call.path))


def _raised(case: Case, calls: Sequence[Call]) -> Call | None:
    """Return the call of which an exception tells that the program keeps to itself."""
    kept = case.seen.swallowed
    return next((c for c in calls if kept and c.given in kept.text), None)


def _tells(case: Case, call: Call) -> Iterator[str]:
    """Return what the program itself says of a file."""
    return (line.text for line in case.log.lines if basename(call.path) in line.text)


def _named(case: Case, calls: Sequence[Call], last: Call) -> Call | None:
    """Return the call whose file a setting names: by its path, or with a word of its name."""
    values = [value for value in case.config.env.values() if len(value) >= SHORTEST]
    for call in calls:
        if {call.path, call.given} & {*values} and last.path not in values:
            return call
    kin = [c for c in stand_ins.beside(calls, last) if _ending(c) == _ending(last)]
    words = [v for v in values if not v.isdigit() and not _has_word(last, v)]
    return next((call for call in kin if any(_has_word(call, word) for word in words)), None)


def _ending(call: Call) -> str:
    return splitext(call.path)[1]


def _has_word(call: Call, word: str) -> bool:
    name = splitext(basename(call.path))[0]
    return re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", name) is not None


def _is_in_vain(engine: Engine, case: Case, same: Outcome, last: Call) -> bool:
    """Tell whether a copy that gets what was sought last ends as it does without.

    A library cannot be given: nothing is known of it then.
    """
    if not _can_be_given(last):
        return True
    found = _with(engine, case, last)
    if found is None or is_better(case, found) or _end(found) != _end(same) or not found.trace:
        return False
    call = Seen(found.trace).failed_last
    before = {other.path for other in stand_ins.before(case.seen.trace, last)}
    return call is None or call.path in before


def _is_changed(found: Outcome, same: Outcome, call: Call, last: Call) -> bool:
    """Tell whether a copy that got a file has read it, and ended otherwise, or sought no other."""
    calls = found.trace.calls if found.trace else ()
    has_it = any(c.path == call.path and not c.error for c in calls)
    return has_it and (_end(found) != _end(same) or all(c.path != last.path for c in calls))


def _end(found: Outcome) -> tuple[int, str]:
    lines = (line.strip() for line in reversed(found.text.splitlines()))
    return found.exit_code, VARYING.sub("", next(filter(None, lines), ""))


def _can_be_given(call: Call) -> bool:
    return not LIBRARY.search(call.path) and not is_device(call.path)


def _with(engine: Engine, case: Case, call: Call) -> Outcome | None:
    """Watch a copy that gets a file, or a directory if that was sought; None if it cannot."""
    if not _can_be_given(call):
        return None
    try:
        found = run(engine, case, _given(case, call), tracer_for(case))
    except EngineError:
        return None
    return None if found.is_refused else found


def _given(case: Case, call: Call) -> Factor:
    kind = "a directory" if call.lists else "an empty file"
    return Factor(
        f"{kind} at {call.path}",
        case.config,
        files={call.path: None if call.lists else b""},
        flags=mounted(call.path),
        cure=cures.PLACE if call.lists else cures.FILE,
    )
