"""Java programs whose work is left to threads that do not keep them: daemon threads."""

from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content as shown
from scaffolder.diagnose.causes.evidence import ended, nothing_logged
from scaffolder.diagnose.evidence.gave_up import has_worked
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import jars

from .literals import launched_literals

AGAIN = ("scheduleAtFixedRate", "scheduleWithFixedDelay")
DAEMON = "setDaemon"
ENDS = ("shutdown", "shutdownNow", "cancel", "exit", "halt")
"""What a program calls that means to end what it has scheduled, or itself."""


@cause(
    "java-daemon-threads",
    "a Java program ends with 0 because only daemon threads are left",
    pattern="process",
    reads=["rerun", "files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "ends-again-and-again"],
)
def java_daemon_threads(case: Case) -> Found | None:
    """Find a task that is to run again and again, in threads that are daemons, and a silent end.

    A job may have such a task beside its work: then a copy shows that it does some.
    """
    seen = case.seen
    is_told = seen.gave_up or seen.swallowed or seen.ending
    if is_told or not case.is_silent or has_worked(seen.trace):
        return None
    task = next(((path, name) for name in AGAIN for path in _using(case, name)), None)
    daemon = next(_using(case, DAEMON), "")
    if task is None or not daemon or any(True for name in ENDS for _ in _using(case, name)):
        return None
    path, name = task
    return Found(
        f"the main thread ends right after it has scheduled its tasks ({path}: {name}), and the"
        f" threads that would run them are daemons ({DAEMON}): the virtual machine does not wait"
        " for these, and exits with 0",
        f"make them no daemons (leave out {DAEMON}(true)), or keep the main thread waiting"
        " (join(), awaitTermination())",
        (shown(case, path, name), shown(case, daemon, DAEMON), ended(case), nothing_logged(case)),
    )


def _using(case: Case, name: str) -> Iterator[str]:
    """Yield the files whose classes call a method of that name."""
    found = launched_literals(case, name, jars.CLASS)
    return (path for path, classes in found if classes)
