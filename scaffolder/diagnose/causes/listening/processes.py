"""Servers that are stuck, stopped or dead while their container runs."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, live
from scaffolder.diagnose.evidence.phase import Phase

from .sockets import heard, wanted

GRACE_SECONDS = 1.0
DAEMON = re.compile(r"(?:^|\s)(?:start|-d|-D|--daemon\S*|--background|--fork)(?:\s|$)")
"""How a program is told to run in the background."""


@cause(
    "not-accepting",
    "the service listens but no longer accepts connections",
    pattern="process",
    reads=["live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["check-timeout"],
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
        else "it hangs (a deadlock, a blocked event loop), or all workers are busy"
    )
    return Found(
        f"the service listens on port {stuck[0].port} but accepts no connections"
        f" ({stuck[0].waiting} wait): {why}",
        (
            "dump its stacks (py-spy dump, jstack, SIGQUIT, gdb -p), and look for a lock or a call"
            " without a timeout"
        )
        if "T" not in states
        else f"resume it: docker kill --signal CONT {case.target}",
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
    explains=["check-timeout"],
)
def frozen(case: Case) -> Found | None:
    """Find PID 1, or all of its children, in state T."""
    processes = case.processes or ()
    stopped = [p for p in processes if p.state.startswith("T")]
    if not stopped or len(stopped) < max(1, len(processes) // 2):
        return None
    return Found(
        f"the process {stopped[0].command[:60]} is stopped (state T): something sent SIGSTOP, or it"
        " waits for a terminal",
        "resume it with SIGCONT, and find what sends SIGSTOP",
        (live(case, "ps", f"{stopped[0].state} {stopped[0].command[:80]}"),),
        (f"docker kill --signal CONT {case.target}",),
        proven=True,
    )


@cause(
    "child-dead",
    "the service has died, but PID 1 keeps the container running",
    pattern="process",
    reads=["live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    explains=["check-timeout"],
)
def child_dead(case: Case) -> Found | None:
    """Find a container in which only a placeholder, such as tail -f, is left."""
    processes = case.processes
    first = case.first
    if not processes or not first or case.sockets or not _up_for(case, GRACE_SECONDS):
        return None
    idle_at = next(
        (
            i
            for i, f in enumerate(case.launched)
            if f.by and re.search(r"tail -[fF]|sleep (?:infinity|inf|\d{4,})", " ".join(f.argv))
        ),
        0,
    )
    background = [f for f in case.launched if f.background and not _is_function(case, f.name)]
    before = [f for f in case.launched[:idle_at] if f.by and _stays(case, f.argv)]
    behind = background or before[-1:]
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
        "exec the server as PID 1, so that its exit ends the"
        f" container{f' ({hidden})' if hidden else ''}",
        (
            live(case, "ps", "; ".join(p.command[:60] for p in processes[:5])),
            heard(case),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=bool(background and not alive and idle),
    )


def _is_function(case: Case, name: str) -> bool:
    """Tell whether a script defines a command: its process then has the name of the script."""
    defines = re.compile(rf"^\s*(?:function\s+)?{re.escape(name)}\s*\(\)", re.MULTILINE)
    return any(item.script and defines.search(item.script.text) for item in case.launched)


def _stays(case: Case, argv: tuple[str, ...]) -> bool:
    """Tell whether what came before a placeholder should keep running: most only prepares."""
    if case.state.health:
        return case.state.health.status == "unhealthy"
    return bool(wanted(case)) or DAEMON.search(" ".join(argv)) is not None


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
