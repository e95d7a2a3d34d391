"""Which ports a container was meant to serve, and which it listens on."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected, live
from scaffolder.diagnose.evidence.config import Port

ANY = {"0.0.0.0", "::"}


def wanted(case: Case) -> list[Port]:
    """Return the TCP ports that others expect: the published ones, or else the exposed ones.

    EXPOSE says nothing about a command that it was not written for, or one that serves a Unix
    socket or UDP instead.
    """
    published = [p for p in case.config.published if p.protocol == "tcp"]
    if published or case.other_sockets or not case.is_meant("EXPOSE"):
        return published
    return [p for p in case.config.exposed if p.protocol == "tcp"]


def heard(case: Case) -> Evidence:
    """Show what listens."""
    found = ", ".join(f"{s.address}:{s.port}" for s in case.sockets or ())
    return live(case, "cat /proc/net/tcp /proc/net/tcp6", f"listening: {found or 'nothing'}")


def published(case: Case) -> Evidence:
    """Show what is published."""
    words = ", ".join(
        f"{p.host_address or '*'}:{p.host_port} -> {p.number}" for p in case.config.published
    )
    return inspected(case, "HostConfig.PortBindings", words or "nothing")
