"""Scripts that wait for the end of a program without asking how it ended."""

import errno
import signal
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, watched
from scaffolder.diagnose.causes.reaching.obstacles import has_nobody
from scaffolder.diagnose.evidence.gave_up import in_vain
from scaffolder.diagnose.evidence.last_steps import how_ended
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.shells import is_shell
from scaffolder.diagnose.evidence.trace import Trace, Traced
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script

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
    """Find a child that failed, and a shell that only waited until it was gone."""
    trace = case.seen.trace
    script = next(iter(scripts(case)), None)
    child, asks = _left(script, trace) if script else (None, "")
    if script is None or child is None:
        return None
    typed = join(child.argv)[:MOST]
    call = case.seen.gave_up
    last = call if call and call.process == child.number else None
    over = case.seen.swallowed.last if case.seen.swallowed else last and in_vain(trace, last)
    if last and last.is_network:
        if not has_nobody(case, last.host):
            return None  # perhaps only the copy could not reach it
        over = f"it asks for {last.host}, and nobody on its networks is called that"
    ends = f"ends with {how_ended(child)}{f'; before that: {over}' if over else ''}"
    return Found(
        f"`{typed}` {ends}; {where(script)} {asks}, and so ends with 0",
        f"see why `{typed}` ends; and let the script pass its status on: wait $PID",
        (watched(case, f"{typed} (process {child.number}) {ends}"), ended(case)),
    )


def _left(script: Script, trace: Trace) -> tuple[Traced | None, str]:
    """Return the child that failed, and did so unnoticed, and how the script waits for it."""
    first = trace.first
    if first is None or first.failed or not is_shell(first):
        return None, ""
    asked = [c for c in trace.of(first.number) if c.name == "kill" and c.numbers[1:] == (0,)]
    if asked and asked[-1].error == errno.ESRCH:
        child, at = trace.processes.get(asked[-1].numbers[0]), asked[-1].at
        asks = "asks only whether it is still there (kill -0)"
    elif [command.words for command in shell.commands(script.text)][-1:] == [("wait",)]:
        over = [each for each in trace.children(first.number) if each.ended is not None]
        child = max(over, key=lambda each: each.ended or 0, default=None)
        at = child.ended or 0 if child else 0
        asks = "waits for all of its children (wait), and not for how they end"
    else:
        return None, ""
    is_own = child is not None and child.parent == first.number and child.failed
    if child is None or not is_own or child.signal in {signal.SIGTERM, signal.SIGINT}:
        return None, ""
    later = (other for other in trace.children(first.number) if other.began > at)
    return (None if any(later) else child), asks
