"""Connections that are refused, and names that are not found."""

from typing import TYPE_CHECKING

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import inspected, logged
from scaffolder.diagnose.phase import Phase

from .obstacles import named_in, obstacle
from .peers import LOCAL, Peer, peers

if TYPE_CHECKING:
    import re

REFUSED = (
    r"[^\n]*(?:connection refused|(?<=OSError: )\[Errno 99\]|ECONNREFUSED|errno 111\b"
    "|actively refused|Connection reset by peer|server closed the connection"
    r"|ConnectException)[^\n]*"
)


UNKNOWN = (
    r"[^\n]*(?:no such host|name or service not known|temporary failure in name resolution"
    r"|\bENOTFOUND|EAI_AGAIN|could not translate host name|nodename nor servname"
    "|UnknownHostException|could not resolve|name does not resolve|failed to lookup address"
    r"|bad address|server misbehaving|unknown host)[^\n]*"
)


@cause(
    "connection-refused",
    "what the service needs refuses connections",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    page="pattern-network",
    when=Phase.ENDED | Phase.RUNNING,
    weight=78,
)
def connection_refused(case: Case) -> Found | None:
    """Find a refused connection, by the program's own words, and who refuses it."""
    match = None if _is_fine(case) else case.said(REFUSED)
    if match is None:
        return None
    line = case.line(match)
    peer = named_in(case, line) or next(iter(peers(case)), None)
    return _answer(
        case,
        match,
        peer,
        f"a connection is refused: {line[:200]}",
        "start what it connects to, and retry with growing pauses; check host and port",
    )


@cause(
    "name-unresolved",
    "the name of what the service needs is not found",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    page="pattern-network",
    when=Phase.ENDED | Phase.RUNNING,
    weight=79,
)
def name_unresolved(case: Case) -> Found | None:
    """Find a host name that does not resolve, and why."""
    match = None if _is_fine(case) else case.said(UNKNOWN)
    if match is None:
        return None
    line = case.line(match)
    peer = named_in(case, line) or next((p for p in peers(case) if p.host not in LOCAL), None)
    name = peer.host if peer else "a host"
    return _answer(
        case,
        match,
        peer,
        f"the name {name} does not resolve (DNS): {line[:200]}",
        "correct the name; containers find each other by name only on a network of their own"
        " (docker network create)",
    )


def _answer(case: Case, match: "re.Match[str]", peer: Peer | None, words: str, fix: str) -> Found:
    why = obstacle(case, peer) if peer else None
    if peer and why:
        text, advice, evidence, certain = why
        return Found(
            f"{peer.host}{f':{peer.port}' if peer.port else ''} cannot be reached: {text}",
            advice,
            (logged(case, match), *evidence),
            proven=certain,
        )
    return Found(
        words,
        fix,
        (
            logged(case, match),
            inspected(
                case,
                "NetworkSettings.Networks",
                ", ".join(case.config.networks) or case.config.network,
            ),
        ),
    )


def _is_fine(case: Case) -> bool:
    """Tell whether a running container serves, so that its complaints are no fault of now."""
    if case.phase != Phase.RUNNING:
        return False
    unwell = case.state.health is not None and case.state.health.status == "unhealthy"
    wants = [
        p.number for p in (*case.config.published, *case.config.exposed) if p.protocol == "tcp"
    ]
    serves = not wants or any(s.port in wants for s in case.sockets or ())
    return not unwell and (serves or case.sockets is None)


@cause(
    "peer-unreachable-silent",
    "what the service needs cannot be reached, and it says nothing of it",
    pattern="network",
    reads=["inspect", "neighbours", "live"],
    page="pattern-network",
    when=Phase.DIED | Phase.RUNNING,
    weight=67,
)
def peer_unreachable_silent(case: Case) -> Found | None:
    """Find, behind a silent death or a service that does not listen, a peer out of reach."""
    if case.phase == Phase.RUNNING and (_is_fine(case) or case.sockets):
        return None
    if case.phase == Phase.DIED and (case.exit_code > 125 or _explained(case)):
        return None
    for peer in peers(case):
        why = obstacle(case, peer)
        if why is None or not peer.port:
            continue
        text, advice, evidence, _certain = why
        how = (
            "it ends without a message"
            if case.phase == Phase.DIED
            else "it waits for it and does not listen"
        )
        return Found(
            f"{text} ({peer.by} names {peer.host}{f':{peer.port}' if peer.port else ''}); {how}",
            advice,
            (inspected(case, "Config.Env", f"{peer.by} names {peer.host}:{peer.port}"), *evidence),
        )
    return None


def _explained(case: Case) -> bool:
    return bool(
        case.said(r"error|exception|traceback|fatal|panic|denied|cannot|failed|invalid|not found")
    )
