"""A neighbour that is a replica, and takes no writes: how it was started, or its log, says so."""

import re
from dataclasses import dataclass
from datetime import timedelta

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, logged
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

from .peers import find, known_among, peers

SAYS = (
    r"[^\n]*(?:READONLY You can'?t write|can'?t write against a read only (?:replica|slave)"
    r"|cannot execute [A-Z ]+ in a read-only transaction|cannot execute [A-Z ]+ during recovery"
    r"|server is running with the --(?:super-)?read-only option|NotWritablePrimary|not master and)"
    r"[^\n]*"
)
"""What Redis, PostgreSQL, MySQL and MongoDB answer to a write where they take none."""
OPTION = re.compile(
    r"--(?:replicaof|slaveof)[ =]+[\"']?(?P<host>[\w.:-]+?)[\"']?\s+(?P<port>\d+)"
    r"|--(?:super-)?read-only(?!=(?:0|off|false)\b)(?=[ =]|$)",
    re.IGNORECASE,
)
WRITABLE = re.compile(r"--(?:replica|slave)-read-only[ =]+no\b", re.IGNORECASE)
MODE = re.compile(r"^\w*REPLICATION_MODE$")
MASTER = re.compile(r"^\w*(?:MASTER|PRIMARY)_HOST$")
BECAME = re.compile(
    r"Connecting to (?:MASTER|PRIMARY) (?P<host>[\w.-]+):(?P<port>\d+)"
    r"|entering standby mode|ready to accept read[- ]only connections",
    re.IGNORECASE,
)
NO_MORE = re.compile(
    r"(?:MASTER|PRIMARY) MODE enabled|archive recovery complete|selected new timeline"
    r"|ready to accept connections$",
    re.IGNORECASE,
)
SLACK = timedelta(seconds=1)


@dataclass(frozen=True)
class Replica:
    """A neighbour that is one."""

    words: str
    fix: str
    shown: Evidence


@dataclass(frozen=True)
class Shown:
    """What shows that, and whose it is."""

    command: str
    found: str
    primary: str = ""
    """As its own settings name it; empty where nothing tells."""
    port: str = ""


@cause(
    "peer-read-only",
    "a database that this one writes to takes no writes",
    pattern="network",
    reads=["logs", "neighbours", "inspect"],
    when=Phase.ENDED,
    explains=["peer-refuses", "said-why", "ends-itself", "last-call", "peer-unreachable-silent"],
)
def peer_read_only(case: Case) -> Found | None:
    """Find the answer of a replica in the log, and which neighbour it is.

    A silent program only asks for it: `peer-refuses` tells that.
    """
    match = case.said(SAYS)
    if match is None:
        return None
    others = dict(known_among(case, (peer.host for peer in peers(case)))).items()
    found = next((r for host, other in others if (r := replica(case, host, other))), None)
    if found is None:
        return Found(
            f"the database takes no writes, as a replica does: {match[0].strip()[-200:]}",
            "point its address at the primary; after a failover, find out which one that is now",
            (logged(case, match),),
        )
    return Found(
        f"{found.words}, and the program writes to it",
        found.fix,
        (logged(case, match), found.shown),
        proven=True,
    )


def replica(case: Case, host: str, other: Neighbour) -> Replica | None:
    """Return what shows that a neighbour takes no writes; None if nothing does."""
    started = " ".join(other.command)
    its = _shown(case, other, started)
    if its is None or WRITABLE.search(started):
        return None
    there = find(case, its.primary) if its.primary else None
    primary = there.name if there and there is not other else its.primary
    port = f":{its.port}" if primary and its.port else ""
    by = next((peer.by for peer in peers(case) if peer.host == host), "the settings")
    return Replica(
        f"{host} runs, and is a read-only replica{f' of {primary}' if primary else ''}, which"
        " refuses every write",
        f"point {by} at {primary or 'the primary'}{port}, which takes writes; a replica is only"
        " for what reads",
        Evidence("neighbours", its.command, its.found),
    )


def _shown(case: Case, other: Neighbour, started: str) -> Shown | None:
    line, became = _last_role(case, other)
    if line:  # it may have been promoted since it was started
        host, port = (became["host"] or "", became["port"] or "") if became else ("", "")
        return Shown(f"docker logs {quoted(other.name)}", line, host, port) if became else None
    command, option = f"docker inspect {quoted(other.name)}", OPTION.search(started)
    if option:
        return Shown(command, option[0].strip(), option["host"] or "", option["port"] or "")
    mode = next((f"{n}={v}" for n, v in other.env.items() if MODE.match(n)), "")
    of = next((value for name, value in other.env.items() if MASTER.match(name)), "")
    is_one = mode.lower().endswith(("=slave", "=replica", "=standby"))
    return Shown(command, mode, of) if is_one else None


def _last_role(case: Case, other: Neighbour) -> tuple[str, re.Match[str] | None]:
    """Return the last line of its log about its role when this one ended, if it became a replica.

    Empty where its log says nothing of that.
    """
    until = (case.state.finished if case.phase & Phase.ENDED else None) or case.now
    if other.started is None or other.started >= until:
        return "", None
    lines = case.sources.log_of(other.name, (other.started, until + SLACK)).lines
    for line in reversed(lines):
        text = line.text.strip()
        became = BECAME.search(text)
        if became or NO_MORE.search(text):
            return text[:250], became
    return "", None
