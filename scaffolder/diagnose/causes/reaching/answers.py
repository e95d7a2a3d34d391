"""A neighbour that is there, and does not answer as the program needs it.

Nobody is asked: what it wrote in that time, and how it was started, are there to be read.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, inspected
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

from .asked import host_asked, port_asked, shown, unknown
from .logins import Mismatch, mismatch
from .obstacles import obstacle
from .peers import ADDRESS, Peer, known_among, peers
from .readiness import late
from .replicas import replica

SLACK = timedelta(seconds=0.1)
WORD = re.compile(r"[\w.:]+")
ANSWERED = re.compile(
    r"\b(?P<asked>(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [^\s\"]+)(?: HTTP/[\d.]+)?\"?\s+"
    r"(?P<status>[45]\d\d)\b"
)
"""A request that is refused, as most servers write it (the Common Log Format)."""
REFUSED = re.compile(
    r"\b(?:FATAL|authentication|(?:access|permission) denied|not (?:authorized|permitted|allowed)"
    r"|unauthori[sz]ed|forbidden|login failed|PLAIN login refused|wrong password|rejected"
    r"|no pg_hba\.conf entry|unknown (?:database|user)|too many (?:clients|connections))\b",
    re.IGNORECASE,
)
"""How servers say that they refuse somebody."""
LONG = 250


@cause(
    "peer-refuses",
    "a service that this one needs is there, and refuses what it asks, or is only asked in vain",
    pattern="network",
    reads=["neighbours", "rerun"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ends-itself", "last-call", "peer-unreachable-silent", "usage-printed"],
)
def peer_refuses(case: Case) -> Found | None:
    """Find what a neighbour wrote, or how it was started, where this one ended over it."""
    others = list(dict(_asked(case)).items())
    for host, other in others:
        found = (
            _late(case, host, other)
            or _deaf(case, host)
            or _wrote(case, host, other)
            or _started(case, host, other)
            or _reads_only(case, host, other)
            or _silent(case, host, other)
        )
        if found:
            return found
    return unknown(case, *others[0]) if others and case.seen.lacked else None


def _asked(case: Case) -> Iterator[tuple[str, Neighbour]]:
    """Return whom a watched copy asked for last or, without one, whom the settings name."""
    call = case.seen.lacked
    if (call is None and case.seen.trace.processes) or (call and call.name == "bind"):
        return
    hosts = [host_asked(case, call)] if call else [peer.host for peer in peers(case)]
    yield from known_among(case, hosts)


def _late(case: Case, host: str, other: Neighbour) -> Found | None:
    """Find that a neighbour ran, and took connections only when this one had ended."""
    found = late(case, other)
    if found is None:
        return None
    since = f"docker logs --timestamps --since {found.at.isoformat()} {quoted(other.name)}"
    return Found(
        f"{host} ran, and was not ready yet: it took connections only {found.seconds:.1f} s after"
        " this one had ended",
        f"start it again, now that {host} is ready; have the program try again until then, or start"
        f" it when {host} is healthy (a health check there, and depends_on with condition:"
        " service_healthy)",
        (Evidence("neighbours", since, found.line[:LONG]), *shown(case), ended(case)),
        (f"docker start {quoted(case.target)}",),
        basis=None if case.seen.lacked else Basis.HINT,
    )


def _deaf(case: Case, host: str) -> Found | None:
    """Find that a neighbour does not listen on the port that a copy connects to."""
    call = case.seen.lacked
    why = obstacle(case, Peer(host, port_asked(call), "a copy")) if port_asked(call) else None
    if why is None:
        return None
    text, advice, evidence, _certain = why
    return Found(text, advice, (*evidence, *shown(case), ended(case)))


def _wrote(case: Case, host: str, other: Neighbour) -> Found | None:
    """Find an answer that is no success, or a refusal, in the log of the neighbour of that time."""
    began, finished = case.state.started, case.state.finished
    if not began or not finished:
        return None
    since, until = began, finished + SLACK
    others = _others(case)
    logged = case.sources.log_of(other.name, (since, until)).lines
    lines = [line.text.strip() for line in logged if others.isdisjoint(WORD.findall(line.text))]
    command = (
        f"docker logs --since {since.isoformat()} --until {until.isoformat()} {quoted(other.name)}"
    )
    for line in reversed(lines):
        match = ANSWERED.search(line)
        if match:
            says = f"it answers {match['asked'][:LONG]} with {match['status']}"
        elif REFUSED.search(line):
            says = f"its log says: {line[:LONG]}"
        else:
            continue
        return Found(
            f"{host} runs, and refuses what it is asked: in that time, {says}",
            f"see what {host} was asked, and why it refuses that: an address, a name or a login"
            " in the settings of this container, or what is missing there",
            (Evidence("neighbours", command, line[:LONG]), *shown(case)),
            basis=None if case.seen.lacked else Basis.HINT,
        )
    return None


def _others(case: Case) -> set[str]:
    """Return the addresses of those that asked as well: of each that ran already, and its own."""
    end = case.state.finished
    ran = (n for n in case.neighbours if n.started and end and n.started < end)
    found = {name for other in ran if other.status == "running" for name in other.names}
    return {"127.0.0.1", *(name for name in found if ADDRESS.fullmatch(name))}


def _started(case: Case, host: str, other: Neighbour) -> Found | None:
    """Find that a neighbour was started with a login that this one does not have."""
    found = mismatch(case, host, other)
    if found is None:
        return None
    return Found(
        f"{host} runs, and {found.words}",
        found.fix,
        (
            Evidence("neighbours", f"docker inspect {quoted(other.name)}", found.there),
            *((_here(case, found),) if found.here else ()),
            *shown(case),
        ),
        basis=None if case.seen.lacked else Basis.HINT,
    )


def _reads_only(case: Case, host: str, other: Neighbour) -> Found | None:
    """Find that a neighbour is a replica."""
    found = replica(case, host, other)
    if found is None:
        return None
    basis = None if case.seen.lacked else Basis.HINT
    return Found(found.words, found.fix, (found.shown, *shown(case)), basis=basis)


def _here(case: Case, found: Mismatch) -> Evidence:
    if found.file:
        return content(case, found.file, found.here)
    return inspected(case, "Config.Env", found.here)


def _silent(case: Case, host: str, other: Neighbour) -> Found | None:
    """Find that a neighbour leaves connections as they are, as one that is stuck does."""
    ports = case.sources.sockets_of(other.name) or ()
    kept = next((socket for socket in ports if socket.left or socket.waiting), None)
    if kept is None:
        return None
    number = kept.left or kept.waiting
    many = f"{number} connection{'s' if number > 1 else ''}"
    does = f"has not accepted {many}"
    if kept.left:
        does = f"keeps {many} open that the other side has closed"
    return Found(
        f"{host} runs, and does not answer: on its port {kept.port} it {does}",
        f"see what {host} waits for, or is busy with: viscaffold diagnose {quoted(other.name)};"
        " give requests a time limit, and tell when it is over",
        (
            Evidence(
                "neighbours",
                f"docker exec {quoted(other.name)} cat /proc/net/tcp",
                f"port {kept.port}: {kept.left} in CLOSE_WAIT, {kept.waiting} not accepted",
            ),
            *shown(case),
        ),
        basis=None if case.seen.lacked else Basis.HINT,
    )
