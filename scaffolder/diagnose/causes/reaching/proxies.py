"""A proxy that is set for the world outside: it gets requests to neighbours, or is not there."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

from .obstacles import obstacle
from .peers import LOCAL, Peer, find, peers, shares

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
ADDRESS = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?")
"""The host and the port of a proxy."""
WEB = re.compile(r"^https?://")
EXPLAINED = [
    "connection-refused", "peer-refuses", "python-exception", "ends-itself", "name-unresolved",
    "peer-unreachable-silent", "said-why", "last-call",
]  # fmt: skip


def excepted(case: Case, host: str) -> bool:
    """Tell whether no_proxy names a host, a domain above it, or all."""
    listed = case.config.env.get("no_proxy") or case.config.env.get("NO_PROXY") or ""
    names = [name.strip().lstrip(".").lower() for name in listed.split(",") if name.strip()]
    return any(n == "*" or host.lower() == n or host.lower().endswith(f".{n}") for n in names)


@cause(
    "peer-proxied",
    "requests to another container go through a proxy",
    pattern="network",
    reads=["inspect", "neighbours", "rerun"],
    when=Phase.DIED | Phase.RUNNING,
    explains=EXPLAINED,
    basis=Basis.INFERRED,
)
def peer_proxied(case: Case) -> Found | None:
    """Find that a copy asks for the proxy, and no_proxy does not list a neighbour that it needs."""
    name, call = next(_proxies(case), ("", None))
    peer = next(_through(case), None)
    if call is None or peer is None:
        return None
    through = _called(case, call)
    return Found(
        f"requests to {peer.host}, a container on a network of this one, go through the proxy"
        f" {through}, because {name} is set and no_proxy does not list {peer.host}",
        f"add {peer.host} to NO_PROXY (and no_proxy), such as NO_PROXY=localhost,127.0.0.1,"
        f"{peer.host}",
        (
            watched(case, f"it asks for {through}"),
            inspected(case, "Config.Env", f"{name} names {through}; no_proxy lacks {peer.host}"),
            inspected(case, "Config.Env", f"{peer.by} names {peer.host}"),
        ),
        (f"docker run -e NO_PROXY=localhost,127.0.0.1,{peer.host} ... {case.config.image}",),
    )


@cause(
    "proxy-unreachable",
    "requests go through a proxy that cannot be reached",
    pattern="network",
    reads=["inspect", "neighbours", "rerun"],
    when=Phase.DIED | Phase.RUNNING,
    explains=EXPLAINED,
    basis=Basis.INFERRED,
)
def proxy_unreachable(case: Case) -> Found | None:
    """Find that a copy asks for the proxy of a variable, and what stands between the two."""
    for name, call in _proxies(case):
        peer = _peer(name, call)
        why = obstacle(case, peer)
        if why:
            text, _, evidence, _ = why
            through = _called(case, call)
            return Found(
                f"requests go through the proxy {through}, which {name} names, and it cannot be"
                f" reached: {text}",
                f"start it without {name} (docker run -e {name}= ..., and look for it in ~/.docker/"
                "config.json), or name a proxy that the container reaches",
                (
                    watched(case, f"it asks for {through}"),
                    inspected(case, "Config.Env", f"{name} names {through}"),
                    *evidence,
                ),
            )
    return None


@cause(
    "proxy-answers",
    "requests go through a proxy that is there, and what it answers is not known",
    pattern="network",
    reads=["inspect", "neighbours", "rerun"],
    when=Phase.DIED,
    explains=EXPLAINED,
    basis=Basis.HINT,
)
def proxy_answers(case: Case) -> Found | None:
    """Find that a copy asks for the proxy of a variable, which runs, and gets no further."""
    for name, call in _proxies(case):
        peer = _peer(name, call)
        if find(case, peer.host) is None or obstacle(case, peer):
            continue
        through = _called(case, call)
        return Found(
            f"requests go through the proxy {through}, because {name} is set, and the program ends"
            " after that: what matters is what the proxy answers; it may refuse, or not know, hosts"
            " of the container's own networks",
            f"list these hosts in NO_PROXY (and no_proxy), or start it without {name} (docker run"
            f" -e {name}= ...); and see the log of {peer.host}",
            (
                watched(case, f"it asks for {through}, and gets no further"),
                inspected(case, "Config.Env", f"{name} names {through}"),
            ),
        )
    return None


def _proxies(case: Case) -> Iterator[tuple[str, Call]]:
    """Yield the variables that name a proxy, and how a watched copy asked for that."""
    calls = [call for call in case.seen.trace.calls if call.is_network]
    for name in PROXIES:
        match = ADDRESS.match(case.config.env.get(name, ""))
        asked = (c for c in calls if match and _is_of(case, c, match[1].strip("[]"), match[2]))
        yield from ((name, call) for call in asked)


def _peer(name: str, call: Call) -> Peer:
    """Return the proxy that a variable names as whom a copy asked for."""
    return Peer(call.host or call.address, 0 if call.host else call.port, name)


def _is_of(case: Case, call: Call, host: str, port: str | None) -> bool:
    """Tell whether a program asked for an address, on that port if it got as far as that.

    A copy may know the address of a neighbour, and then asks for no name.
    """
    is_port = (port or str(call.port)) == str(call.port)
    return host == call.host or (host in _names(case, call) and is_port)


def _called(case: Case, call: Call) -> str:
    """Return what to call what a copy asked for: by name, where it is a neighbour."""
    other = find(case, call.address) if call.address and not call.host else None
    named = f"{other.name}:{call.port}" if other and call.port else ""
    return call.host or named or call.where


def _names(case: Case, call: Call) -> set[str]:
    other = find(case, call.address) if call.address else None
    return {call.address, *(other.names if other else ())}


def _through(case: Case) -> Iterator[Peer]:
    """Yield the neighbours that are asked by HTTP, and that no_proxy does not list."""
    for peer in peers(case):
        is_web = bool(WEB.match(case.config.env.get(peer.by, "http://")))
        other = find(case, peer.host)
        is_near = peer.host not in LOCAL and other is not None and shares(case, other)
        if is_web and is_near and not excepted(case, peer.host):
            yield peer
