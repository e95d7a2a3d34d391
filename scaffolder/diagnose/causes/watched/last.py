"""The last call that failed, where nothing else explains a silent end."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, seen, watched
from scaffolder.diagnose.causes.identity.denials import is_of_copy
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.silence.sysexits import status_says
from scaffolder.diagnose.evidence.files import OF_RUNTIME
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.swallowed import OPTIONAL

from .asked import asked, by_status

RUNTIME = re.compile(rf"{OF_RUNTIME.pattern}|.*\.(?:class|jar)$")
"""Places of languages and systems, and what a JVM loads of a program."""


@cause(
    "last-call",
    "a system call fails, and the program ends without a word",
    pattern="process",
    reads=["rerun"],
    page="ended-without-a-word",
    when=Phase.ENDED,
    basis=Basis.HINT,
)
def last_call(case: Case) -> Found | None:
    """Tell what failed last; a connection says nothing here, as copies have no network."""
    call = case.seen.failed_call or (None if case.exit_code else case.seen.gave_up)
    if call is None and case.exit_code:
        return _there(case)
    if call is None or case.phase == Phase.FINISHED or call.is_network or is_of_copy(case, call):
        return None
    about = call.path or call.object or call.where
    return Found(
        f"the last call that failed before it ended is {call.name}"
        f"{f' of {about}' if about else ''}: {call.reason}",
        "see what the program does there, and make it report the error",
        (seen(case, call), ended(case)),
    )


@cause(
    "ends-itself",
    "the program chooses to end, and does not say why",
    pattern="process",
    reads=["rerun"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.HINT,
)
def ends_itself(case: Case) -> Found | None:
    """Find where the program decided to end, which its runtime tells, if nothing else failed."""
    ending, lines = case.seen.ending or by_status(case), [line.text.strip() for line in case.lines]
    said = next((line for line in reversed(lines) if line), "")
    if ending is None or case.seen.failed_call or not case.exit_code:
        return None
    if said and said == case.last_words:
        return None  # it does say why
    where = f"{ending.how} at {ending.place}" if ending.place else ending.how
    named = ", ".join(f"`{text.strip()[:120]}`" for text in ending.named)
    where += f", where its code names {named}" if named else ""
    without = f"; it does without {', '.join(ending.got_over[:3])}" if ending.got_over else ""
    handled = next((each for each in ending.before if not each.names & OPTIONAL), None)
    tells = asked(case, ending)
    last = f"\nthe last exception before it: {handled.last}, at {handled.place}" if handled else ""
    fix = f"see what is checked before {ending.place or 'that'}"
    return Found(
        f"the program ends itself, with {where}{tells.words if tells else without}, and"
        f" {f'its last output is: {said[:200]}' if said else 'does not say why'}"
        f"{status_says(case)}",
        f"{(tells and tells.fix) or fix}, and make it tell",
        (watched(case, f"{where}{without}{last}"), *(tells.evidence if tells else ()), ended(case)),
    )


def _there(case: Case) -> Found | None:
    """Tell what a program asked for last, found, and ended after: it may not like what it is."""
    call = case.seen.found_last
    entry = case.has(call.path) if call and quiet(case) else None
    # What a runtime looks for at its end says nothing, and an exception says more.
    is_own = call is not None and not RUNTIME.match(call.path)
    if call is None or entry is None or not is_own or case.seen.swallowed:
        return None
    about = f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}, {entry.size} bytes"
    return Found(
        f"the last thing that it asks for before it ends is {call.path}, which is there"
        f" ({entry.kind}, {about})",
        "see what the program demands of it: another mode or owner, other content, or that it is"
        " not there",
        (seen(case, call), copied(case, call.path, about), ended(case)),
        basis=Basis.QUOTED,
    )
