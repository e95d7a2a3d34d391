"""Services that a process of their own container stops."""

import re
import signal
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    content,
    ended,
    inspected,
    logged,
    nothing_logged,
    watched,
)
from scaffolder.diagnose.causes.silence.claims import said_up
from scaffolder.diagnose.causes.silence.endings import is_to_stay
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.stopped import Stopped, stopped
from scaffolder.diagnose.evidence.trace import Call, Traced

from .programs import named

KILL = re.compile(r"[^#\n]*\b(?:kill|pkill|killall|os\.kill|process\.kill)\b(?!\s+-0)")
"""A line of a script that sends a signal."""
WATCHES = re.compile(r"watch|guard|monitor|health|heartbeat|liveness", re.IGNORECASE)
"""How scripts are called that end what does not seem to live."""
PLAIN_KILL = re.compile(r"\bkill [^-]")


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
    """Find who asks a service to end: a watchdog in vain, or anybody, if it is meant to stay."""
    found = None if case.exit_code or case.signals else stopped(case.seen.trace)
    if found is None:
        return None
    return _over_look(case, found, found.look) if found.look else _as_it_is(case, found)


def _over_look(case: Case, found: Stopped, look: Call) -> Found:
    """Return the answer for who has looked for something in vain just before."""
    name = signal.Signals(found.signal.number).name
    sought = look.path or look.where
    other = found.elsewhere.path if found.elsewhere else ""
    lacks = f"which {found.service.name} writes as {other}" if other else "which is never there"
    if look.port:
        lacks = "where nobody listens"
    sets = [key for key, value in case.config.env.items() if value in (sought, other) and value]
    return Found(
        f"it has not finished its work: {_who(found.by)} stops {found.service.name}"
        f"{', which listened until then,' if found.has_listened else ''} with {name}, after it has"
        f" looked for {sought}, {lacks}",
        _advice(found, look, sought, other),
        (
            watched(
                case,
                f"{_who(found.by)}: {look.words}\n{found.signal.at - look.at} ms later:"
                f" {name} to {found.service.name} (process {found.service.number}), which exits"
                f" with {found.service.status}",
            ),
            *(inspected(case, "Config.Env", f"{key}={case.config.env[key]}") for key in sets[:2]),
            ended(case),
        ),
    )


def _as_it_is(case: Case, found: Stopped) -> Found | None:
    """Return the answer for who stops what is meant to stay, for reasons of its own."""
    up = said_up(case)
    # Who outlives what it has stopped was no helper that ends with the work; nor is a watchdog.
    is_no_helper = found.is_cut_off or WATCHES.search(basename(named(found.by)))
    quiet = nothing_logged(case) if case.is_silent and is_no_helper else None
    meant = is_to_stay(case) or (logged(case, up) if up else quiet)
    if meant is None:
        return None
    name = signal.Signals(found.signal.number).name
    after = (found.signal.at - found.service.began) / 1000
    line = _kills(case, found)
    how = f" (`{line}`)" if line else ""
    plain = "; without one, kill sends SIGTERM" if PLAIN_KILL.search(line) else ""
    script = named(found.by)
    return Found(
        f"it is stopped from inside, not by Docker: {_who(found.by)}, which it has started"
        f" itself, sends {name} to {found.service.name}"
        f" {after:.1f} s after its start{how}, and {found.service.name} then ends with 0",
        f"see why {script} does that, and send the signal that is meant (kill -HUP to reopen files"
        f" or to load settings again), or none{plain}",
        (
            watched(
                case,
                f"{_who(found.sender)}: {' '.join(found.sender.argv)[:200]}\n{name} to"
                f" {found.service.name} (process {found.service.number}), which exits with"
                f" {found.service.status} {(found.service.ended or 0) - found.signal.at} ms later",
            ),
            *((content(case, script, line),) if line else ()),
            meant,
            ended(case),
        ),
    )


def _kills(case: Case, found: Stopped) -> str:
    """Return the line of the script by which it sends the signal, if only one can be it."""
    script = named(found.by)
    source = (text(case.files, script) or "") if script.startswith("/") else ""
    lines = [line.strip() for line in source.splitlines() if KILL.match(line)]
    return lines[0][:120] if len(lines) == 1 else ""


def _advice(found: Stopped, look: Call, sought: str, other: str) -> str:
    if other:
        return f"give both the same path: {sought} or {other}"
    if look.port:
        return f"let the service listen on {sought}, or correct the address in {named(found.by)}"
    return f"let the service make {sought}, or correct the path in {named(found.by)}"


def _who(process: Traced) -> str:
    return f"{named(process)} (process {process.number})"
