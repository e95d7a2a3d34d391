"""Services that listen where nobody outside can reach them."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import inspected
from scaffolder.diagnose.facts import Socket
from scaffolder.diagnose.phase import Phase

from .sockets import heard, published, wanted


def _on(case: Case, port: int) -> list[Socket]:
    return [s for s in case.sockets or () if s.port == port]


@cause(
    "bind-loopback",
    "the service listens on loopback only",
    pattern="network",
    reads=["live", "inspect"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=88,
)
def bind_loopback(case: Case) -> Found | None:
    """Find a server on 127.0.0.1, which a published port does not reach."""
    if case.config.network == "host":
        return None
    for port in wanted(case):
        here = _on(case, port.number)
        if here and all(s.is_loopback for s in here):
            name = next(
                (k for k, v in case.config.env.items() if v in {"127.0.0.1", "localhost", "::1"}),
                "",
            )
            how = (
                f"{name}=0.0.0.0"
                if name
                else "--host 0.0.0.0, or the setting that it has for its address"
            )
            return Found(
                f"the server listens on {here[0].address} inside the container, so the"
                f" {'published ' if port in case.config.published else ''}port {port.number}"
                " reaches nothing from outside",
                f"listen on 0.0.0.0 ({how})",
                (
                    heard(case),
                    published(case),
                    *(
                        (inspected(case, "Config.Env", f"{name}={case.config.env[name]}"),)
                        if name
                        else ()
                    ),
                ),
                proven=True,
            )
    return None


@cause(
    "port-mismatch",
    "the published port is not the one that the service listens on",
    pattern="network",
    reads=["live", "inspect"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=84,
)
def port_mismatch(case: Case) -> Found | None:
    """Find -p 8080:8080 for a service that listens on 3000."""
    if case.config.network == "host" or not case.sockets:
        return None
    missing = [p for p in wanted(case) if not _on(case, p.number)]
    others = sorted({s.port for s in case.sockets if not s.is_loopback})
    if (
        not missing
        or not case.config.published
        or any(_on(case, p.number) for p in case.config.published)
    ):
        return None
    port = missing[0]
    ports = others or sorted({s.port for s in case.sockets})
    return Found(
        f"port {port.number} is published, but the service listens on {', '.join(map(str, ports))}",
        f"publish the right one: -p {port.host_port or port.number}:{ports[0]}, or have it listen"
        f" on {port.number}",
        (published(case), heard(case)),
        (f"docker run -p {port.host_port or port.number}:{ports[0]} {case.config.image}",),
        proven=True,
    )


@cause(
    "no-network",
    "the container has no network",
    pattern="network",
    reads=["inspect"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=80,
)
def no_network(case: Case) -> Found | None:
    """Find --network none for something that publishes, exposes or is to be reached."""
    if case.config.network != "none" or not (case.config.published or case.sockets):
        return None
    return Found(
        "the container runs with --network none, so nothing reaches it, and it reaches nothing",
        "run it in a network: --network bridge, or that of the others",
        (inspected(case, "HostConfig.NetworkMode", "none"), published(case)),
        proven=True,
    )
