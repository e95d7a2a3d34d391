"""Services that a process of their own container stops."""

import signal

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.stopped import Stopped, stopped
from scaffolder.diagnose.evidence.trace import Traced


@cause(
    "stopped-from-inside",
    "a process of the container stops the service, which then ends with 0",
    pattern="process",
    reads=["rerun", "inspect"],
    page="exit-codes",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    explains=[
        "last-call",
        "nothing-keeps-it",
        "ends-again-and-again",
        "waits-in-call",
        "daemonises",
    ],
)
def stopped_from_inside(case: Case) -> Found | None:
    """Find a watchdog that asks a service to end, over something that is never there."""
    found = None if case.exit_code or case.signals else stopped(case.seen.trace)
    if found is None:
        return None
    name = signal.Signals(found.signal.number).name
    sought = found.look.path or found.look.where
    other = found.elsewhere.path if found.elsewhere else ""
    lacks = f"which {found.service.name} writes as {other}" if other else "which is never there"
    if found.look.port:
        lacks = "where nobody listens"
    sets = [key for key, value in case.config.env.items() if value in (sought, other) and value]
    return Found(
        f"it has not finished its work: {_who(found.by)} stops {found.service.name}, which listened"
        f" until then, with {name}, after it has looked for {sought}, {lacks}",
        _advice(found, sought, other),
        (
            watched(
                case,
                f"{_who(found.by)}: {found.look.words}\n{found.signal.at - found.look.at} ms later:"
                f" {name} to {found.service.name} (process {found.service.number}), which exits"
                f" with {found.service.status}",
            ),
            *(inspected(case, "Config.Env", f"{key}={case.config.env[key]}") for key in sets[:2]),
            ended(case),
        ),
    )


def _advice(found: Stopped, sought: str, other: str) -> str:
    if other:
        return f"give both the same path: {sought} or {other}"
    if found.look.port:
        return f"let the service listen on {sought}, or correct the address in {_named(found.by)}"
    return f"let the service make {sought}, or correct the path in {_named(found.by)}"


def _who(process: Traced) -> str:
    return f"{_named(process)} (process {process.number})"


def _named(process: Traced) -> str:
    """Return the script that a process runs, or else its program."""
    return next((word for word in process.argv[1:2] if word.startswith("/")), process.name)
