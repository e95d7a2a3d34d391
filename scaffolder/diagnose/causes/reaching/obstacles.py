"""Why a peer cannot be reached, from what the engine knows of it."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected
from scaffolder.diagnose.evidence.facts import Neighbour

from .itself import itself
from .peers import LOCAL, Obstacle, Peer, find, insisted, later, peers, shares


def obstacle(case: Case, peer: Peer) -> Obstacle | None:
    """Return why a peer cannot be reached; None if no obstacle is known."""
    if case.config.network == "none":
        text = "the container runs with --network none and can reach nothing"
        shown = [inspected(case, "HostConfig.NetworkMode", "none")]
        return text, "attach it to the network of the service it needs", shown, True
    if peer.host in LOCAL:
        return itself(case, peer)
    other = find(case, peer.host)
    if other is None:
        return _nobody(peer)
    return _apart(case, peer, other) or _deaf(case, peer, other)


def out_of_reach(case: Case) -> Iterator[tuple[Peer, Obstacle]]:
    """Yield those whom a container is told to reach by a variable and cannot, and why."""
    for peer in peers(case):
        why = obstacle(case, peer) if peer.by in case.config.env else None
        if why:
            yield peer, why


def nowhere(case: Case) -> bool:
    """Tell whether a copy insisted on a name that is known on no network of the engine."""
    call = insisted(case)
    return call is not None and has_nobody(case, call.host)


def has_nobody(case: Case, host: str) -> bool:
    """Tell whether a name is known on no network of the engine."""
    if not host or case.config.knows(host) or find(case, host):
        return False
    return _nobody(Peer(host, 0, "")) is not None


def _nobody(peer: Peer) -> Obstacle | None:
    """Answer for a name that no container has; names with a dot may be known elsewhere."""
    private = peer.host.endswith((".local", ".internal", ".invalid", ".test"))
    if ("." in peer.host and not private) or ":" in peer.host:
        return None
    text = f"no container on any network is called {peer.host}: the name does not resolve"
    shown = [Evidence("neighbours", "docker ps --all", f"no container {peer.host}")]
    return text, "start it, or correct the name", shown, "." not in peer.host


def _apart(case: Case, peer: Peer, other: Neighbour) -> Obstacle | None:
    """Answer for a container that does not run, or is on no network where its name is known."""
    if not shares(case, other):
        ours, theirs = (
            ", ".join(case.config.networks) or case.config.network,
            ", ".join(other.networks),
        )
        text = (
            f"the container {other.name} is on the network {theirs}, and this one on {ours}: they"
            " cannot reach each other, and the name does not resolve"
        )
        network = other.networks[0] if other.networks else "NETWORK"
        command = f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {other.name}"
        shown = [
            Evidence("neighbours", command, theirs),
            inspected(case, "NetworkSettings.Networks", ours),
        ]
        return text, f"docker network connect {network} {case.target}", shown, True
    common = set(case.config.networks) & set(other.networks)
    is_known = re.fullmatch(r"[\d.]+", peer.host) or case.config.knows(peer.host)
    if common <= {"bridge"} and not is_known:
        text = (
            "both containers are on the default bridge network, which resolves no names:"
            f" {peer.host} is unknown there"
        )
        shown = [inspected(case, "HostConfig.NetworkMode", case.config.network)]
        return text, "create a network (docker network create NAME) and run both on it", shown, True
    if other.status != "running":
        text = f"the container {other.name} is {other.status}, not running"
        shown = [
            Evidence("neighbours", f"docker ps --all --filter name={other.name}", other.status)
        ]
        return text, f"start it (docker start {other.name}) and find out why it exited", shown, True
    return _late(case, other)


def _late(case: Case, other: Neighbour) -> Obstacle | None:
    """Answer for a container that runs now, but did not when this one needed it."""
    seconds = later(case, other)
    if not seconds:
        return None
    text = f"the container {other.name} was started {seconds:.0f} s after this one had ended"
    command = f"docker inspect --format '{{{{.State.StartedAt}}}}' {other.name}"
    shown = [Evidence("neighbours", command, str(other.started))]
    wait = "wait for it (depends_on: condition: service_healthy), or retry with backoff"
    return text, wait, shown, False


def _deaf(case: Case, peer: Peer, other: Neighbour) -> Obstacle | None:
    """Answer for a container that runs, but does not listen on the port."""
    sockets = case.sources.sockets_of(other.name)
    if sockets is None or not peer.port:
        return None
    here = [s for s in sockets if s.port == peer.port]
    words = ", ".join(f"{s.address}:{s.port}" for s in sockets) or "nothing"
    shown = [
        Evidence("neighbours", f"docker exec {other.name} cat /proc/net/tcp", f"listening: {words}")
    ]
    if here and all(s.is_loopback for s in here):
        text = (
            f"{peer.host} listens on port {peer.port} of its own loopback interface only, so others"
            " are refused"
        )
        return text, "make it listen on 0.0.0.0", shown, True
    if here:
        return None
    others = ", ".join(str(port) for port in sorted({s.port for s in sockets}))
    more = f"; it listens on {others}" if others else " (its container is running)"
    text = f"{peer.host}:{peer.port} refuses connections: nothing listens on that port there{more}"
    wait = (
        "wait for it, with retries and backoff (depends_on: condition: service_healthy),"
        " and find out why it does not listen"
    )
    return text, "correct the port" if others else wait, shown, True


def named_in(case: Case, line: str) -> Peer | None:
    """Return the host and port that a line of the log names."""
    patterns = (
        r"ECONNREFUSED\s+(\S+):(\d{2,5})\b",
        r"upstream:? \"(?:\w+://)?([\w.-]+)(?::(\d{2,5}))?",
        r"lookup ([\w.-]+)(?: on|:)",
        (
            "(?:host name|resolve host:?|UnknownHostException:|ENOTFOUND|EAI_AGAIN|unknown host"
            r"|bad address|host=)\s*['\"]?([\w.-]+)['\"]?"
        ),
        (
            r"(?:^|[\s'\"])(?!getaddrinfo\b|gethost)([a-zA-Z][\w.-]*)['\"]?: (?:"
            "Temporary failure in name resolution|Name or service not known"
            "|No address associated with hostname|Name does not resolve|Unknown host)"
        ),
        (
            "(?:ECONNREFUSED|tcp|to|at|host|server"
            r"|connecting to)\s+(?:server at )?['\"(]?([\w.-]+)['\")]?"
            r"(?:\s*\([\d.:a-f]+\))?[:,]?\s*(?:port\s*)?(\d{2,5})"
        ),
        r"['\"(]([a-zA-Z][\w.-]+|\d+\.\d+\.\d+\.\d+)['\"]?[:,] ?(\d{2,5})",
        # After a path, such a number is that of a line, as it is before a column.
        (
            r"(?<!\w/)\b([a-zA-Z][\w-]*(?:\.[\w-]+)*|\d+\.\d+\.\d+\.\d+):(\d{2,5})\b"
            r"(?!:(?:\d|in\b))"
        ),
    )
    for pattern in patterns:
        match = re.search(pattern, line)
        if match and not match[1].isdecimal():
            port = (
                int(match[2])
                if match.re.groups > 1 and match[2]
                else next((p.port for p in peers(case) if p.host == match[1]), 0)
            )
            return Peer(match[1], port, "the log")
    return None
