"""Children that have ended, and for whose words a program waits for ever."""

from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import live, watched
from scaffolder.diagnose.evidence.dead_threads import reads_alone
from scaffolder.diagnose.evidence.decisive import failure
from scaffolder.diagnose.evidence.last_steps import how_ended
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.waits import awaited

MOST = 200


def reads_own_pipe(case: Case) -> bool:
    """Tell whether a container's only thread reads a pipe of its own, which nobody else has."""
    has_input = case.config.stdin or case.sockets or case.other_sockets
    return not has_input and case.is_silent and reads_alone(case.sources.threads())


@cause(
    "child-awaited",
    "the program waits for what a child would tell it, and that has ended",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening"],
)
def child_awaited(case: Case) -> Found | None:
    """Find a program alone with a pipe that it reads, whose child ended in a copy."""
    trace = case.seen.trace
    first = trace.first
    call = awaited(trace) if trace.timed_out and reads_own_pipe(case) else None
    if first is None or call is None or not call.object.startswith("pipe:"):
        return None
    over = [child for child in trace.children(first.number) if child.ended is not None]
    child = max(over, key=lambda each: each.ended or 0, default=None)
    if child is None or not child.failed:
        return None
    typed = join(child.argv or first.argv)[:MOST]
    how = how_ended(child)
    last = failure(trace, child)
    before = f"; what it tried last, before that, failed: {last.words}" if last else ""
    return Found(
        f"`{typed}` waits for ever to read from a pipe what its child would write there, and that"
        f" has ended with {how}{before}",
        "see why the child ends; and have the program ask for its end as well, and close its own"
        " copy of the end of the pipe that the child writes to",
        (
            watched(case, f"{first.name} (process {child.number}) ends with {how}{before}"),
            live(case, "sh -c 'cat /proc/1/wchan'", "pipe_read"),
        ),
    )
