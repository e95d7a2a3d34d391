"""A peer that a running container tries to reach at this moment, and that does not answer."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import live
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "peer-unanswered",
    "a running program waits for a connection that nobody answers",
    pattern="network",
    reads=["live", "neighbours"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-listening", "waits-in-call", "peer-unreachable-silent"],
)
def peer_unanswered(case: Case) -> Found | None:
    """Find a connection that is begun and not accepted (SYN_SENT), where nothing else is served.

    A program that has said something, and is expected to serve nobody, may try as it works.
    """
    if case.sockets or not (case.is_silent or wanted(case)):
        return None
    tried = next((each for each in case.sources.connections() if each.is_tried), None)
    if tried is None:
        return None
    other = next((n for n in case.neighbours if tried.address in n.names), None)
    at = f"{tried.address}:{tried.port}"
    who = f"{other.name} ({at})" if other else at
    is_there = f"{other.name} takes no more connections" if other else "it may be a firewall"
    return Found(
        f"the program waits for a connection to {who}, which does not answer: {is_there}",
        f"see that {who} accepts connections and is reachable from the container's network; give"
        " the connection a time limit and a message",
        (live(case, "cat /proc/1/net/tcp", f"SYN_SENT to {at}"),),
    )
