"""Ports that nobody listens on, and ports that are not published."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import live
from scaffolder.diagnose.phase import Phase

from .sockets import heard, published, wanted


@cause(
    "not-listening",
    "the service runs and listens on nothing",
    pattern="process",
    reads=["live", "logs"],
    page="nothing-moves",
    when=Phase.RUNNING,
    weight=56,
)
def not_listening(case: Case) -> Found | None:
    """Find a service that was to serve a port, and hangs before it, or waits for something."""
    if case.sockets is None or case.sockets or not wanted(case) or case.config.network == "host":
        return None
    first = next(iter(case.processes or ()), None)
    port = wanted(case)[0].number
    busy = next((p for p in case.processes or () if p.state.startswith("R")), None)
    how = (
        f"it computes without an end ({busy.command[:60]})"
        if busy
        else "its start hangs or waits for something, or it never opens the port"
    )
    lines = [line.text for line in case.lines if line.text.strip()]
    said = f"; its last words: {lines[-1][:150]}" if lines else " and says nothing"
    return Found(
        f"the service runs, and nothing listens on port {port}: {how}{said}",
        "see where it waits: its stacks (py-spy dump, jstack, SIGQUIT), or docker exec and look;"
        " give every call a time limit",
        (
            heard(case),
            live(case, "ps", f"{first.state} {first.command[:80]}" if first else "no processes"),
        ),
    )


@cause(
    "not-published",
    "the service listens, and its port is not published",
    pattern="network",
    reads=["live", "inspect"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=30,
)
def not_published(case: Case) -> Found | None:
    """Find a container with other ports published than those that serve, by protocol."""
    ports = [p for p in case.config.published if p.protocol == "udp"]
    tcp = {s.port for s in case.sockets or ()}
    wrong = next((p for p in ports if p.number in tcp), None)
    if wrong is None or any(p.protocol == "tcp" for p in case.config.published):
        return None
    return Found(
        f"port {wrong.number} is published for UDP only, and the service listens on TCP",
        f"publish it for TCP: -p {wrong.host_port}:{wrong.number}",
        (published(case), heard(case)),
        proven=True,
    )
