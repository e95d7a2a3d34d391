"""Scripts that wait for the end of a program without asking how it ended."""

import errno
import signal
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, watched
from scaffolder.diagnose.evidence.gave_up import in_vain
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.shells import is_shell
from scaffolder.diagnose.evidence.trace import Trace, Traced

from .script import scripts, where

MOST = 200


@cause(
    "status-unasked",
    "a script waits until a program is gone, and does not ask how that ended",
    pattern="process",
    reads=["rerun", "files"],
    page="ended-without-a-word",
    when=Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "background-only", "status-masked"],
)
def status_unasked(case: Case) -> Found | None:
    """Find a child that failed, and a shell that then asked with `kill -0` and ended with 0."""
    script = next(iter(scripts(case)), None)
    child = _polled(case.seen.trace)
    if script is None or child is None:
        return None
    typed = join(child.argv)[:MOST]
    call = case.seen.gave_up
    last = call if call and call.process == child.number else None
    kept = case.seen.swallowed
    why = (
        f"; {kept.last}"
        if kept
        else f"; before that, {in_vain(case.seen.trace, last)}"
        if last
        else ""
    )
    how = f"signal {child.signal}" if child.signal else f"status {child.status}"
    return Found(
        f"`{typed}` ends with {how}{why}; {where(script)} asks only whether it is still there"
        " (kill -0), and ends with 0",
        f"see why `{typed}` ends; and let the script pass its status on: wait $PID",
        (
            watched(case, f"{typed} (process {child.number}) ends with {how}{why}"),
            ended(case),
        ),
    )


def _polled(trace: Trace) -> Traced | None:
    """Return the child that a shell found gone, after which it did nothing, if that had failed."""
    first = trace.first
    if first is None or first.failed or not is_shell(first):
        return None
    asked = [c for c in trace.of(first.number) if c.name == "kill" and c.numbers[1:] == (0,)]
    if not asked or asked[-1].error != errno.ESRCH:
        return None
    child = trace.processes.get(asked[-1].numbers[0])
    is_child = child is not None and child.parent == first.number and child.failed
    if child is None or not is_child or child.signal in {signal.SIGTERM, signal.SIGINT}:
        return None
    later = (other for other in trace.children(first.number) if other.began > asked[-1].at)
    return None if any(later) else child
