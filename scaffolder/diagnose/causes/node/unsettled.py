"""Node programs that end with 0 while their own functions still wait for something."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, nothing_logged, watched
from scaffolder.diagnose.causes.silence.claims import may_have_served, reports
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.last_steps import has_results
from scaffolder.diagnose.evidence.left import Left
from scaffolder.diagnose.evidence.phase import Phase

AWAITED = re.compile(
    r"\b(?:once|on|addListener|addEventListener)\((?:[^()'\"]*,)?\s*['\"]([\w:.-]+)['\"]"
)
EMITTED = re.compile(r"\.(?:emit|dispatchEvent)\((?:new \w+\()?['\"]([\w:.-]+)['\"]")
NEAR = 6
"""In how many lines a promise tells what it waits for."""


@cause(
    "await-unsettled",
    "a Node program ends with 0 in the middle of its work, at an await that nothing settles",
    pattern="process",
    reads=["rerun", "files", "inspect"],
    page="ended-without-a-word",
    when=Phase.FINISHED | Phase.DIED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "ends-again-and-again", "input-closed"],
)
def await_unsettled(case: Case) -> Found | None:
    """Find an event loop that became empty while all that the program began waits at an await.

    What has written results, or tells of them, may only have failed to clean up behind itself.
    """
    left = next((each for each in case.seen.left if each.is_main), None)
    if left is None or case.exit_code or has_results(case.seen.trace):
        return None
    if reports(case) and not may_have_served(case):
        return None
    shown = [_line(case, place) for place in (left.place, left.made) if place]
    line = shown[0].found if shown[0] else ""
    what = f" (`{line[:120]}`)" if line else ""
    return Found(
        f"Node ends with 0 in the middle of the program: {left.words}{what}; with nothing else in"
        " the event loop Node exits, without an error, and what follows that line is never done",
        f"see what is to settle that promise{_event(case, left)}: an event may have another name,"
        " or have come before somebody waits for it, or a callback is never called; and have it"
        " reject in time (a timer without unref)",
        (
            watched(case, left.words),
            *(each for each in shown if each),
            ended(case),
            *((nothing_logged(case),) if case.is_silent else ()),
        ),
    )


def _event(case: Case, left: Left) -> str:
    """Return for which event it waits, and which others its source emits; empty if for none."""
    path, _, number = (left.made or left.place).rpartition(":")
    source = text(case.files, path) or ""
    begin = int(number) - 1 if number.isdigit() else 0
    awaited = AWAITED.search("\n".join(source.splitlines()[begin : begin + NEAR]))
    if awaited is None:
        return ""
    emitted = dict.fromkeys(match[1] for match in EMITTED.finditer(source))
    others = ", ".join(repr(name) for name in emitted if name != "error")
    known = f", and {path} emits {others}" if others and awaited[1] not in emitted else ""
    return f" (it waits for the event {awaited[1]!r}{known})"


def _line(case: Case, place: str) -> Evidence | None:
    """Show the line at a place such as `/app/main.js:12`."""
    path, _, number = place.rpartition(":")
    lines = (text(case.files, path) or "").splitlines()
    at = int(number) - 1 if number.isdigit() else len(lines)
    return content(case, path, lines[at].strip()) if 0 <= at < len(lines) else None
