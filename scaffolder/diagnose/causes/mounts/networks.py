"""Host ports and networks that cannot be had."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import refused
from scaffolder.diagnose.evidence import Evidence, inspected
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources import live


@cause(
    "port-taken",
    "the host port is already in use",
    pattern="network",
    reads=["inspect", "neighbours"],
    page="pattern-network",
    when=Phase.START,
    weight=90,
)
def port_taken(case: Case) -> Found | None:
    """Find a published port that another container, or a program of the host, has."""
    match = re.search(
        r"(?:port is already allocated|address already in use|ports are not available)",
        case.refusal,
    )
    if match is None:
        return None
    named = re.search(
        r"(?:Bind for |listen tcp4? |endpoint \S+ .*?)([\d.:\[\]]+):(\d+)", case.refusal
    )
    port = int(named[2]) if named else 0
    wanted = [p for p in case.config.published if p.host_port == port] or list(
        case.config.published[:1]
    )
    address = (
        f"{wanted[0].host_address or '0.0.0.0'}:{wanted[0].host_port}" if wanted else f"{port}"
    )
    holder = next(
        (
            n
            for n in case.neighbours
            if n.status == "running" and any(p.host_port == port for p in n.published)
        ),
        None,
    )
    by = f"container {holder.name}" if holder else "another program of the host"
    return Found(
        f"host port {address} is already used by {by}",
        "publish another host port, or stop the other:"
        f" {'docker stop ' + holder.name if holder else f'ss -ltnp sport = :{port}'}",
        (
            refused(case),
            inspected(case, "HostConfig.PortBindings", address),
            Evidence(
                "neighbours",
                f"docker ps --filter publish={port}",
                holder.name if holder else "no container",
            ),
        ),
        (f"docker ps --filter publish={port}",),
        proven=holder is not None or (case.host.is_remote is False and _in_use(port)),
    )


def _in_use(port: int) -> bool:
    def read(path: str) -> str | None:
        try:
            with open(f"/proc/{path}", encoding="ascii") as file:  # noqa: PTH123 - of /proc
                return file.read()
        except OSError:
            return None

    return any(s.port == port for s in live.sockets(read) or ())


@cause(
    "network-fails",
    "the container's network cannot be set up",
    pattern="network",
    reads=["inspect"],
    page="pattern-network",
    when=Phase.START,
    weight=75,
)
def network_fails(case: Case) -> Found | None:
    """Find networks and containers to join that are gone, and addresses that are taken."""
    reasons = (
        (
            r"network \S+ not found|could not find a network",
            "the network that it belongs to no longer exists",
            (
                "create it again (docker network create), or make the container anew (docker"
                " compose up --force-recreate)"
            ),
        ),
        (
            r"join(?:ing)? network (?:namespace )?of|cannot join network|No such container",
            "the container whose network it shares is gone or does not run",
            "start that container first, then make this one anew",
        ),
        (
            r"cannot assign requested address",
            "the host address that a port is to be published on does not exist on this machine",
            "publish on an address of this machine, or on all: -p PORT:PORT",
        ),
        (
            r"Address already in use",
            "the fixed address is taken by another container of the network",
            "choose another --ip, or none",
        ),
        (
            r"could not find an available|no available (?:network|IPv4)",
            "no free address is left for networks or in this network",
            "remove unused networks: docker network ls",
        ),
        (
            r"iptables|nftables|programming external connectivity|driver failed",
            "the host's firewall rules for the port cannot be made",
            "restart the Docker daemon, which makes its chains again",
        ),
    )
    for pattern, text, fix in reasons:
        if re.search(pattern, case.refusal):
            return Found(
                f"{text}: {case.refusal[-200:]}",
                fix,
                (refused(case), inspected(case, "HostConfig.NetworkMode", case.config.network)),
                proven=case.config.network not in {"", "default", "bridge"}
                and case.config.network.removeprefix("container:") in case.refusal,
            )
    return None
