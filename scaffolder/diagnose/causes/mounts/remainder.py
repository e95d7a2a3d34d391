"""Refusals of the runtime that nothing else explains."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import refused
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "start-refused",
    "the runtime refuses to start the container",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.START,
    basis=Basis.QUOTED,
)
def start_refused(case: Case) -> Found | None:
    """Show the runtime's error, if no other cause explains it."""
    if not case.refusal:
        return None
    name = basename(case.config.argv[0]) if case.config.argv else "it"
    return Found(
        f"the runtime cannot start {name}: {case.refusal[:400]}",
        "correct what the runtime names, and start it again",
        (refused(case),),
    )
