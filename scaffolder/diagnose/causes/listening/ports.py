"""Ports that nothing listens on, and ports that are not published."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import live
from scaffolder.diagnose.evidence.phase import Phase

from .sockets import heard, published, wanted


@cause(
    "not-listening",
    "the service runs but listens on nothing",
    pattern="process",
    reads=["live", "logs"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.HINT,
    explains=["check-broken"],
)
def not_listening(case: Case) -> Found | None:
    """Find a service that should serve a port, but hangs first or waits for something."""
    if case.sockets is None or case.sockets or not wanted(case) or case.config.network == "host":
        return None
    first = case.first
    port = wanted(case)[0].number
    busy = next((p for p in case.processes or () if p.state.startswith("R")), None)
    how = (
        f"it is busy computing ({busy.command[:60]})"
        if busy
        else "its startup hangs or waits for something, or it never opens the port"
    )
    lines = [line.text for line in case.lines if line.text.strip()]
    said = f"; its last output: {lines[-1][:150]}" if lines else "; it prints nothing"
    return Found(
        f"the service runs, but nothing listens on port {port}: {how}{said}",
        "find where it waits: dump its stacks (py-spy dump, jstack, SIGQUIT), or docker exec;"
        " give every call a timeout",
        (
            heard(case),
            live(case, "ps", f"{first.state} {first.command[:80]}" if first else "no processes"),
        ),
    )


@cause(
    "not-published",
    "the service listens, but its port is not published",
    pattern="network",
    reads=["live", "inspect"],
    when=Phase.RUNNING,
    basis=Basis.HINT,
)
def not_published(case: Case) -> Found | None:
    """Find a port that is published for UDP while the service listens on TCP."""
    ports = [p for p in case.config.published if p.protocol == "udp"]
    tcp = {s.port for s in case.sockets or ()}
    wrong = next((p for p in ports if p.number in tcp), None)
    if wrong is None or any(p.protocol == "tcp" for p in case.config.published):
        return None
    return Found(
        f"port {wrong.number} is published for UDP only, but the service listens on TCP",
        f"publish it for TCP: -p {wrong.host_port}:{wrong.number}",
        (published(case), heard(case)),
        proven=True,
    )
