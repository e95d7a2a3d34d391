"""The last thread of a program, which waits for those that have ended."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import live, watched
from scaffolder.diagnose.evidence.dead_threads import left_alone, waits_alone
from scaffolder.diagnose.evidence.phase import Phase

MOST = 3


@cause(
    "thread-awaited",
    "the last thread of the program waits for another one, for ever",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening", "deadlock"],
)
def thread_awaited(case: Case) -> Found | None:
    """Find that only one thread is left, and waits in a lock: nobody is there to release it.

    What the others opened last is what they may have ended over: a panic or an exception of a
    thread ends no program.
    """
    is_reached = case.sockets or case.other_sockets
    if is_reached or not waits_alone(case.sources.threads()) or not left_alone(case.seen.trace):
        return None
    trace = case.seen.trace
    waits = trace.waits[0]
    theirs = [call for call in trace.of(waits.process) if call.thread != waits.thread]
    opened = {c.thread: c.path for c in theirs if c.name.startswith("open") and not c.error}
    files = [*dict.fromkeys(opened.values())][-MOST:]
    last = f"; what they opened last: {', '.join(files)}" if files else ""
    number = len({call.thread for call in theirs})
    others = f"the other {number} have ended" if number > 1 else "the other one has ended"
    return Found(
        "one thread of the program is left and waits, without a time limit, for another one to"
        f" release a lock or to signal a condition: {others}{last}",
        "see over what the others ended (a panic or an exception ends only its thread): join them,"
        " and pass their errors on; count down in a destructor or a finally block",
        (
            live(case, "sh -c 'cat /proc/1/task/*/wchan'", "futex, in the only thread"),
            watched(case, f"a copy comes to the same:\nthread {waits.thread}: {waits.waiting}"),
        ),
    )
