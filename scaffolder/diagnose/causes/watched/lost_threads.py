"""Threads that end over exceptions which the program has told its runtime not to report."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import watched
from scaffolder.diagnose.causes.silence.readings import sources
from scaffolder.diagnose.evidence.phase import Phase

SILENCES = "report_on_exception"
"""How a program in Ruby has its threads end without a word."""


def hides_threads(case: Case) -> bool:
    """Tell whether a program may have its threads end without a word."""
    return any(SILENCES in script.text for script in sources(case))


@cause(
    "thread-over",
    "a thread of the program ended over an exception, which nobody is told of",
    pattern="process",
    reads=["rerun"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening"],
)
def thread_over(case: Case) -> Found | None:
    """Find what a thread of a copy ended over whose runtime was made to report that."""
    lost = case.seen.stuck.thread if case.seen.stuck else None
    if lost is None:
        return None
    return Found(
        f"a thread of the program ended over {lost.text[:300]} ({lost.place}), and nobody is told:"
        f" {SILENCES} is false",
        f"leave {SILENCES} as it is (true), or catch and log exceptions in the thread; end the"
        " program where it cannot go on without that thread",
        (watched(case, f"its runtime reports {lost.text[:200]}, at {lost.place}"),),
    )
