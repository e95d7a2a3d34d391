"""Refusals of the runtime that nothing else explains."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import refused
from scaffolder.diagnose.phase import Phase


@cause(
    "start-refused",
    "the runtime refuses to start the container",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.START,
    weight=10,
)
def start_refused(case: Case) -> Found | None:
    """Show the runtime's words, where no other cause explains them."""
    if not case.refusal:
        return None
    name = basename(case.config.argv[0]) if case.config.argv else "it"
    return Found(
        f"the runtime cannot start {name}: {case.refusal[:400]}",
        "correct what the runtime names, and start it again",
        (refused(case),),
    )
