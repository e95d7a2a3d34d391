"""Host ports that are taken, and networks that cannot be set up."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, refused
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "port-taken",
    "the host port is already in use",
    pattern="network",
    reads=["inspect", "neighbours"],
    when=Phase.START,
    explains=["network-fails"],
)
def port_taken(case: Case) -> Found | None:
    """Find a published port that another container, or a program on the host, uses."""
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
    by = f"container {holder.name}" if holder else "another program on the host"
    return Found(
        f"host port {address} is already used by {by}",
        "publish another host port, or stop what uses it:"
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
        proven=holder is not None or bool(case.sources.host_listens(port)),
    )


def _is_named(case: Case, _match: re.Match[str]) -> bool:
    name = case.config.network
    return name not in {"", "default", "bridge"} and name.removeprefix("container:") in case.refusal


def _reason(says: str, text: str, fix: str) -> Row:
    return Row(says, f"{text}: {{end}}", fix, proves=_is_named)


SIGNATURES = table(__name__, (
    Signature(
        id="network-fails", title="the container's network cannot be set up",
        pattern="network", reads=("inspect",), when=Phase.START,
        shows=("network",),
        rows=(
            _reason(
                r"network \S+ not found|could not find a network",
                "the container's network no longer exists",
                "recreate it (docker network create), or recreate the container (docker"
                " compose up --force-recreate)",
            ),
            _reason(
                r"join(?:ing)? network (?:namespace )?of|cannot join network|No such container",
                "the container whose network it shares is gone or is not running",
                "start that container first, then recreate this one",
            ),
            _reason(
                r"cannot assign requested address",
                "the host address to publish a port on does not exist on this machine",
                "publish on an address of this machine, or on all: -p PORT:PORT",
            ),
            _reason(
                r"(?-i:Address already in use)",
                "the fixed address is taken by another container on the network",
                "choose another --ip, or none",
            ),
            _reason(
                r"could not find an available|no available (?:network|IPv4)",
                "no free address is left for networks or in this network",
                "remove unused networks: docker network ls",
            ),
            _reason(
                r"iptables|nftables|programming external connectivity|driver failed",
                "the host's firewall rules for the port cannot be created",
                "restart the Docker daemon, which recreates its chains",
            ),
        ),
    ),
))  # fmt: skip
