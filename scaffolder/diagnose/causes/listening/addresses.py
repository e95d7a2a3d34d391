"""Services that listen where nothing outside can reach them."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.evidence.phase import Phase

from .picked import picked
from .sockets import heard, published, wanted


def _on(case: Case, port: int) -> list[Socket]:
    return [s for s in case.sockets or () if s.port == port]


@cause(
    "bind-loopback",
    "the service listens on loopback only",
    pattern="network",
    reads=["live", "inspect"],
    when=Phase.RUNNING,
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
            how = f"{name}=0.0.0.0" if name else "--host 0.0.0.0, or its setting for the address"
            return Found(
                f"the server listens on {here[0].address} inside the container, so the"
                f" {'published ' if port in case.config.published else ''}port {port.number}"
                " cannot be reached from outside",
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
    when=Phase.RUNNING,
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
        or picked(case)
    ):
        return None
    port = missing[0]
    ports = others or sorted({s.port for s in case.sockets})
    return Found(
        f"port {port.number} is published, but the service listens on {', '.join(map(str, ports))}",
        f"publish the right one: -p {port.host_port or port.number}:{ports[0]}, or make it listen"
        f" on {port.number}",
        (published(case), heard(case)),
        (f"docker run -p {port.host_port or port.number}:{ports[0]} {case.config.image}",),
        proven=bool(others),  # what listens on loopback alone may be a helper's
        basis=None if others else Basis.HINT,
    )


@cause(
    "no-network",
    "the container has no network",
    pattern="network",
    reads=["inspect"],
    when=Phase.RUNNING,
)
def no_network(case: Case) -> Found | None:
    """Find --network none for a container that publishes or serves a port."""
    if case.config.network != "none" or not (case.config.published or case.sockets):
        return None
    return Found(
        "the container runs with --network none, so nothing can reach it, and it can reach nothing",
        "attach it to a network: --network bridge, or that of the other services",
        (inspected(case, "HostConfig.NetworkMode", "none"), published(case)),
        proven=True,
    )
