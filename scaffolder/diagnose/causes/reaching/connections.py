"""Connections that are refused, and names that do not resolve."""

import re
from itertools import chain

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged, watched
from scaffolder.diagnose.evidence.gave_up import attempts
from scaffolder.diagnose.evidence.phase import Phase

from .complaints import REFUSED, UNKNOWN, is_fine
from .obstacles import named_in, obstacle
from .peers import LOCAL, Peer, insisted, looked_up, peers, reaches_nobody, sought

COMPLAINS = re.compile(
    r"error|exception|traceback|fatal|panic|denied|cannot|failed|invalid|not found", re.IGNORECASE
)


@cause(
    "connection-refused",
    "a service that this one needs refuses connections",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    when=Phase.ENDED | Phase.RUNNING,
)
def connection_refused(case: Case) -> Found | None:
    """Find a refused connection in the log, and what refuses it."""
    call = case.seen.failed_call
    listens = call is not None and call.name == "bind"  # whose address is no one else's matter
    match = None if is_fine(case) or listens else _telling(case, REFUSED)
    if match is None:
        return None
    line = case.line(match)
    peer = named_in(case, line) or next(chain(sought(case), peers(case)), None)
    return _answer(
        case,
        match,
        peer,
        f"a connection is refused: {line[:200]}",
        "start the service it connects to, and retry with backoff; check host and port",
    )


@cause(
    "name-unresolved",
    "the name of a service that this one needs does not resolve",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    when=Phase.ENDED | Phase.RUNNING,
)
def name_unresolved(case: Case) -> Found | None:
    """Find a host name that does not resolve, and why."""
    match = None if is_fine(case) else _telling(case, UNKNOWN)
    if match is None:
        return None
    line = case.line(match)
    known = chain(sought(case), looked_up(case), peers(case))
    peer = named_in(case, line) or next((p for p in known if p.host not in LOCAL), None)
    name = peer.host if peer else "a host"
    servers = ", ".join(case.config.name_servers)
    by = f"; the container asks {servers} (--dns)" if servers else ""
    return _answer(
        case,
        match,
        peer,
        f"the name {name} does not resolve (DNS): {line[:200]}{by}",
        "correct the name; containers find each other by name only on a user-defined network"
        " (docker network create)",
    )


def _telling(case: Case, pattern: str) -> re.Match[str] | None:
    """Return the last match whose line names a peer, or else the last one.

    Node prints the address a few lines above the code that all of its errors end with.
    """
    found = list(case.every(pattern))
    telling = (match for match in reversed(found) if named_in(case, case.line(match)))
    return next(telling, found[-1] if found else None)


def _answer(case: Case, match: re.Match[str], peer: Peer | None, words: str, fix: str) -> Found:
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


@cause(
    "peer-unreachable-silent",
    "a service that this one needs cannot be reached, and the log does not say so",
    pattern="network",
    reads=["inspect", "neighbours", "live"],
    when=Phase.DIED | Phase.RUNNING,
    basis=Basis.INFERRED,
)
def peer_unreachable_silent(case: Case) -> Found | None:
    """Find, behind a silent death or a service that does not listen, an unreachable peer."""
    if case.phase == Phase.RUNNING and (is_fine(case) or case.sockets):
        return None
    ends_otherwise = case.exit_code > 125 and not case.seen.asked_in_vain
    if case.phase == Phase.DIED and (ends_otherwise or _explained(case)):
        return None
    for peer in sought(case):
        return _sought(case, peer)
    if case.phase == Phase.DIED and reaches_nobody(case):
        return None
    for peer in peers(case):
        why = obstacle(case, peer)
        if why is None or not peer.port:
            continue
        text, advice, evidence, _certain = why
        how = "it waits and does not listen" if case.is_up else "it exits without a message"
        return Found(
            f"{text} ({peer.by} names {peer.host}{f':{peer.port}' if peer.port else ''}); {how}",
            advice,
            (inspected(case, "Config.Env", f"{peer.by} names {peer.host}:{peer.port}"), *evidence),
        )
    return None


def _sought(case: Case, peer: Peer) -> Found:
    """Answer for what a watched copy wanted to reach before it ended; it has no network itself."""
    what = f"{peer.host}{f':{peer.port}' if peer.port else ''}"
    often = attempts(case.seen.trace, insisted(case) or case.seen.failed_call)
    asked = ", ".join(filter(None, (what, often)))
    shown = watched(case, f"{peer.by}: {asked}")
    why = obstacle(case, peer)
    servers = ", ".join(case.config.name_servers)
    if why is None and servers and not peer.port:
        return Found(
            f"the program ends over the name {what}, and says nothing: the container asks {servers}"
            " for names (--dns), who does not answer, or does not know it",
            f"see that {servers} answers in the container's network, and knows {what}; or leave"
            " --dns out",
            (shown, inspected(case, "HostConfig.Dns", servers)),
        )
    if why is None:
        over = "a connection to" if peer.port else "the name"
        text = f"the program ends over {over} {what}, and says nothing"
        fix = "see that it resolves and answers in the container's network, and retry with backoff"
        return Found(text, fix, (shown,), basis=Basis.HINT)
    text, advice, evidence, _certain = why
    return Found(
        f"{text} (a copy asks for {asked}); it exits without a message",
        advice,
        (shown, *evidence),
        basis=Basis.NAMED if insisted(case) else None,
    )


def _explained(case: Case) -> bool:
    """Tell whether its log tells of a failure; what only a copy tells may follow from this."""
    told = case.seen.swallowed
    is_open = insisted(case) or case.seen.wrapped or (told and told.gives_no_reason)
    lines = case.log.lines if is_open else case.lines
    return any(COMPLAINS.search(line.text) for line in lines)
