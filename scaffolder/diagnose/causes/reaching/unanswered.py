"""A peer that a running container tries to reach at this moment, and that does not answer."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, live
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.evidence.facts import Connection
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted


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
    if case.sockets:
        return None
    made = case.sources.connections()
    if paused := next(filter(None, (_paused(case, each) for each in made)), None):
        return paused
    if not (case.is_silent or wanted(case)):
        return None
    tried = next((each for each in made if each.is_tried), None)
    if tried is None:
        return next(filter(None, (_unread(case, each) for each in made)), None)
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


def _paused(case: Case, made: Connection) -> Found | None:
    """Find a connection to a container that is paused: its kernel answers, and nothing else."""
    other = next((n for n in case.neighbours if made.address in n.names), None)
    if other is None or other.status != "paused":
        return None
    at = f"{other.name}:{made.port}"
    return Found(
        f"the program is connected to {at}, and waits for an answer that does not come: the"
        f" container {other.name} is paused",
        f"docker unpause {quoted(other.name)}; and give the request a time limit and a message",
        (
            live(case, "cat /proc/1/net/tcp", f"is connected to {at}"),
            Evidence("neighbours", f"docker ps --filter name={quoted(other.name)}", "paused"),
        ),
    )


def _unread(case: Case, made: Connection) -> Found | None:
    """Find a neighbour that leaves what a silent program has sent, or the connection, as it is."""
    other = next((n for n in case.neighbours if made.address in n.names), None)
    if other is None or not case.is_silent:
        return None
    theirs = case.sources.sockets_of(other.name) or ()
    kept = next((s for s in theirs if s.port == made.port and (s.unread or s.waiting)), None)
    if kept is None:
        return None
    at = f"{other.name}:{made.port}"
    does = (
        f"has not read {kept.unread} bytes that it was sent"
        if kept.unread
        else "has not accepted the connection"
    )
    shown = f"port {kept.port}: {kept.unread} bytes not read, {kept.waiting} not accepted"
    return Found(
        f"the program is connected to {at}, and waits for an answer that does not come: that one"
        f" {does}",
        f"see what {other.name} waits for, or is busy with: viscaffold diagnose"
        f" {quoted(other.name)}; give the request a time limit and a message",
        (
            live(case, "cat /proc/1/net/tcp", f"is connected to {at}"),
            Evidence("neighbours", f"docker exec {quoted(other.name)} cat /proc/net/tcp", shown),
        ),
    )
