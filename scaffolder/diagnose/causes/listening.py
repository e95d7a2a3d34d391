"""A container that runs and does not answer: nobody listens, not there, or nobody accepts."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, live
from scaffolder.diagnose.facts import Port, Socket
from scaffolder.diagnose.phase import Phase

GRACE_SECONDS = 1.0
IDLE = ("tail -f", "sleep ", "tail -F", "cat", "sh", "/bin/sh", "bash")
ANY = {"0.0.0.0", "::"}


def wanted(case: Case) -> list[Port]:
    """Return the TCP ports that others expect: the published ones, or else the exposed ones."""
    published = [p for p in case.config.published if p.protocol == "tcp"]
    return published or [p for p in case.config.exposed if p.protocol == "tcp"]


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


@cause(
    "not-accepting",
    "the service listens, and no longer accepts connections",
    pattern="process",
    reads=["live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    weight=78,
)
def not_accepting(case: Case) -> Found | None:
    """Find connections that wait in the kernel: a blocked loop, a deadlock, a stopped process."""
    stuck = [s for s in case.sockets or () if s.waiting]
    if not stuck:
        return None
    states = {p.state[:1] for p in case.processes or ()}
    why = (
        "its process is stopped (state T: SIGSTOP)"
        if "T" in states
        else "it hangs: a deadlock, a blocked event loop, or all workers are busy"
    )
    return Found(
        f"the service listens on port {stuck[0].port} but accepts no connections"
        f" ({stuck[0].waiting} wait): {why}",
        (
            "get its stacks (py-spy dump, jstack, SIGQUIT, gdb -p), and look for a lock or a call"
            " without a time limit"
        )
        if "T" not in states
        else f"continue it: docker kill --signal CONT {case.target}",
        (
            live(
                case,
                "cat /proc/net/tcp",
                f"{stuck[0].address}:{stuck[0].port}, {stuck[0].waiting} connections not accepted",
            ),
            live(
                case,
                "ps",
                ", ".join(f"{p.state} {p.command[:40]}" for p in (case.processes or ())[:4]),
            ),
        ),
        proven="T" in states,
    )


@cause(
    "frozen",
    "the process is stopped by a signal",
    pattern="process",
    reads=["live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    weight=82,
)
def frozen(case: Case) -> Found | None:
    """Find process 1, or all of its children, in state T."""
    processes = case.processes or ()
    stopped = [p for p in processes if p.state.startswith("T")]
    if not stopped or len(stopped) < max(1, len(processes) // 2):
        return None
    return Found(
        f"the process {stopped[0].command[:60]} is stopped (state T): somebody sent SIGSTOP, or it"
        " waits for a terminal",
        "continue it with SIGCONT, and find who sends SIGSTOP",
        (live(case, "ps", f"{stopped[0].state} {stopped[0].command[:80]}"),),
        (f"docker kill --signal CONT {case.target}",),
        proven=True,
    )


@cause(
    "child-dead",
    "the service has died, and process 1 keeps the container running",
    pattern="process",
    reads=["live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    weight=83,
)
def child_dead(case: Case) -> Found | None:
    """Find a container in which only a placeholder, such as tail -f, is left."""
    processes = case.processes
    if not processes or case.sockets or not _up_for(case, GRACE_SECONDS):
        return None
    first = min(processes, key=lambda p: p.pid)
    idle_at = next(
        (
            i
            for i, f in enumerate(case.launched)
            if f.by and re.search(r"tail -[fF]|sleep (?:infinity|inf|\d{4,})", " ".join(f.argv))
        ),
        0,
    )
    behind = [f for f in case.launched if f.background] or [
        f for f in case.launched[:idle_at] if f.by
    ][-1:]
    names = {f.name for f in behind}
    alive = [
        p
        for p in processes
        if any(name and name in p.command for name in names) and not p.state.startswith("Z")
    ]
    zombies = [p for p in processes if p.state.startswith("Z")]
    idle = all(_is_idle(p.command) for p in processes if p not in zombies)
    if not ((behind and not alive and idle) or (zombies and idle)):
        return None
    what = behind[0].argv[0] if behind else zombies[0].command
    hidden = next((f.by for f in behind if f.by), "")
    return Found(
        f"the server ({what}, a background child) has died, but PID 1 ({first.command[:60]}) keeps"
        " the container up",
        "exec the server as process 1, so that its exit ends the"
        f" container{f' ({hidden})' if hidden else ''}",
        (
            live(case, "ps", "; ".join(p.command[:60] for p in processes[:5])),
            heard(case),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=bool(behind and not alive and idle),
    )


def _is_idle(command: str) -> bool:
    return (
        bool(
            re.match(
                r"^(?:\S*/)?(?:tail -[fFn]|sleep\b|cat$|pause$|sh -c (?:while|tail|sleep)|sh \S+$"
                r"|bash \S+$|ash \S+$|\[.*defunct)",
                command,
            )
        )
        or "sleep infinity" in command
        or "tail -f /dev/null" in command
        or bool(re.match(r"^(?:/bin/)?(?:ba|da|a)?sh\b", command))
    )


def _up_for(case: Case, seconds: float) -> bool:
    return any(p.seconds >= seconds for p in case.processes or ())


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
