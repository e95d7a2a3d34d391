"""Programs that ask for others, in a container that has no network, and end with 0."""

import errno

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, seen
from scaffolder.diagnose.evidence.call_words import LOOPBACK
from scaffolder.diagnose.evidence.last_steps import has_results
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "without-network",
    "a program asks for others in a container without a network, and ends with 0",
    pattern="network",
    reads=["inspect", "rerun"],
    when=Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["peer-unreachable-silent", "last-call", "nothing-keeps-it", "unreachable"],
)
def without_network(case: Case) -> Found | None:
    """Find a connection that a watched copy tried, of a program that has no results.

    A copy has no network either: this one it shares with the container.
    """
    trace = case.seen.trace
    if case.config.network != "none" or has_results(trace):
        return None
    tried = (c for c in trace.calls if c.is_network and c.error == errno.ENETUNREACH)
    call = next((c for c in tried if not LOOPBACK.match(c.address)), None)
    if call is None:
        return None
    return Found(
        f"the program asks for {call.where}, and the container has no network (--network none); it"
        " has no results, and ends with 0 all the same",
        "attach it to a network on which that is: docker run --network NAME; let the program exit"
        " with another code when it reaches nobody",
        (seen(case, call), inspected(case, "HostConfig.NetworkMode", "none")),
    )
