"""The container's own addresses and ports, and its routes out."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Traced


@cause(
    "port-in-use-inside",
    "the port is already in use inside the container",
    pattern="network",
    reads=["logs", "inspect"],
    when=Phase.ENDED,
)
def port_in_use_inside(case: Case) -> Found | None:
    """Find EADDRINUSE: two servers in one container, a shared network, or the host's network."""
    match = case.said(
        r"[^\n]*(?:address (?:is )?already in use|address in use|EADDRINUSE|errno 98\b"
        r"|port \d+ (?:is|was) already in use|AddrInUse|only one usage of each socket)[^\n]*"
    )
    if match is None:
        return _beside(case)
    line = case.line(match)
    plain = line.replace("98", "", 1) if "rrno 98" in line else line
    port = next(iter(re.findall(r"[:\s](\d{2,5})\b(?!\.\d)", plain)), "")
    twice = _own_listener(case)
    shared = case.config.network == "host" or case.config.network.startswith("container:")
    why = (
        f"{twice.name} (process {twice.number}) of this container listens on it already, and then"
        " it is asked for once more"
        if twice
        else (f"it shares the network of {_sharer(case)}, where another program uses it")
        if shared
        else (
            "another process in the same container uses it: the service is started twice, or"
            " together with another"
        )
    )
    return Found(
        f"{f'port {port}' if port else 'its port'} is already in use: {why}",
        "choose another port, or start only one of them",
        (
            logged(case, match),
            *((watched(case, f"{twice.name}: listen, before that"),) if twice else ()),
            inspected(case, "HostConfig.NetworkMode", case.config.network),
        ),
        proven=shared and bool(port),
    )


def _beside(case: Case) -> Found | None:
    """Find a port that a copy listens on, and that another one in the shared network has."""
    call = case.seen.lacked
    if call is None or call.name != "bind" or call.error != errno.EADDRINUSE:
        return None
    network = case.config.network
    return Found(
        f"port {call.port} is already in use: it shares the network of {_sharer(case)}, where"
        " another program listens on it",
        "choose another port, or give it a network of its own",
        (
            watched(case, f"a copy with a network of its own listens on port {call.port}"),
            inspected(case, "HostConfig.NetworkMode", network),
            ended(case),
        ),
        basis=Basis.INFERRED,
    )


def _sharer(case: Case) -> str:
    """Return whose network it shares, for a sentence."""
    network = case.config.network
    running = (n for n in case.neighbours if n.status == "running")
    sharing = (n.name for n in running if network.endswith((n.name, n.identity)))
    return "the host" if network == "host" else next(sharing, "another container")


def _own_listener(case: Case) -> Traced | None:
    """Return the process that listened, in a copy, on the port that it was then refused."""
    call = case.seen.failed_call
    if call is None or call.name != "bind" or not call.port:
        return None
    before = (c for c in case.seen.trace.calls if c.at <= call.at and not c.error)
    held = next((c for c in before if c.name in ("bind", "listen") and c.port == call.port), None)
    return case.seen.trace.processes.get(held.process) if held else None


@cause(
    "address-not-available",
    "the address to listen on does not belong to the container",
    pattern="network",
    reads=["logs", "inspect"],
    when=Phase.ENDED,
)
def address_not_available(case: Case) -> Found | None:
    """Find EADDRNOTAVAIL and a missing address family: the host's, or IPv6 without any."""
    if case.said(r"create_connection|\.connect\(|connecting to"):
        return None  # it connects: `connections` covers it
    match = case.said(
        r"[^\n]*(?:cannot assign requested address|can't assign requested address"
        r"|address not available|EADDRNOTAVAIL|errno 99\b|AddrNotAvailable"
        r"|address family not supported|EAFNOSUPPORT|errno 97\b)[^\n]*"
    )
    if match is None:
        return None
    address = next(
        (
            k
            for k, v in case.config.env.items()
            if re.fullmatch(r"\d+\.\d+\.\d+\.\d+|[0-9a-f:]*::[0-9a-f:]*", v)
        ),
        "",
    )
    value = case.config.env.get(address, "")
    foreign = bool(value) and value not in {
        "0.0.0.0",
        "::",
        "127.0.0.1",
        *case.config.networks.values(),
    }
    return Found(
        f"the address to listen on{f' ({address}={value})' if value else ''} does not exist in the"
        f" container: {case.line(match)[:200]}",
        "listen on 0.0.0.0; the host's address is not inside the container, and [::] needs IPv6",
        (
            logged(case, match),
            *((inspected(case, "Config.Env", f"{address}={value}"),) if value else ()),
        ),
        proven=foreign,
    )


@cause(
    "unreachable",
    "there is no route to a service that this one needs",
    pattern="network",
    reads=["logs", "inspect"],
    when=Phase.ENDED,
)
def unreachable(case: Case) -> Found | None:
    """Find ENETUNREACH, EHOSTUNREACH and timeouts."""
    match = case.said(
        r"[^\n]*(?:network (?:is )?unreachable|no route to host|host is unreachable"
        r"|operation timed out|ENETUNREACH|EHOSTUNREACH|errno 101\b|errno 113\b"
        r"|connection timed out|ETIMEDOUT|errno 110\b|i/o timeout|connect timeout|ConnectTimeout"
        r"|TimeoutError|timed out)[^\n]*"
    )
    if match is None:
        return None
    alone = case.config.network == "none"
    internal = [name for name in case.config.networks if name in case.sources.networks()]
    why = (
        "it runs with --network none"
        if alone
        else f"its network {internal[0]} is internal, with no route out"
        if internal
        else "a firewall, a wrong address, or a service that is down"
    )
    what = (
        "there is no route out of the container's network"
        if alone or internal
        else "the network is unreachable, or does not answer in time"
    )
    return Found(
        f"{what}: {case.line(match)[:200]} ({why})",
        "attach it to a network with a route out: --network bridge"
        if alone or internal
        else "check address, route and firewall: docker exec ... getent hosts NAME",
        (logged(case, match), inspected(case, "HostConfig.NetworkMode", case.config.network)),
        proven=bool(alone or internal),
    )
