"""A name in /etc/hosts that keeps the container from the neighbour of this name."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

from .peers import find, shares


@cause(
    "host-overridden",
    "an entry of /etc/hosts leads past the container that has the name on the same network",
    pattern="network",
    reads=["inspect", "neighbours"],
    when=Phase.DIED | Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=[
        "not-listening", "peer-unreachable-silent", "peer-unanswered", "peer-awaited", "said-why",
        "connection-refused", "waits-in-call", "last-call",
    ],
)  # fmt: skip
def host_overridden(case: Case) -> Found | None:
    """Find `--add-host NAME:ADDRESS` where a neighbour has this name, and another address.

    What serves, or has ended well, has reached whom it needs.
    """
    if case.phase == Phase.RUNNING and (case.sockets or case.other_sockets):
        return None
    for entry in case.config.hosts:
        name, _, address = entry.replace("=", ":", 1).partition(":")
        other = find(case, name) if address else None
        if other is None or other.status != "running" or not shares(case, other):
            continue
        if any(address in each.names for each in case.neighbours):
            continue
        command = f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {other.name}"
        return Found(
            f"to the program, {name} is {address}, by an entry of /etc/hosts (--add-host); the"
            f" container {other.name}, which is called {name} on a network of this one, has"
            " another address",
            f"leave out --add-host {quoted(entry)} (extra_hosts in compose.yaml)",
            (
                inspected(case, "HostConfig.ExtraHosts", entry),
                Evidence("neighbours", command, f"{other.name} is called {name}"),
            ),
        )
    return None
