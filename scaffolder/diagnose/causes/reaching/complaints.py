"""What a running container says of those that it cannot reach, and whether that still matters."""

import re
from itertools import pairwise

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import Phase

from .peers import reaches_observers

REFUSED = (
    r"[^\n]*(?:connection refused|(?<=OSError: )\[Errno 99\]|ECONNREFUSED|errno 111\b"
    "|actively refused|Connection reset by peer|server closed the connection"
    r"|ConnectException)[^\n]*"
)
UNKNOWN = (
    r"[^\n]*(?:no such host|name or service not known|temporary failure in name resolution"
    r"|\bENOTFOUND|EAI_AGAIN|could not translate host name|nodename nor servname"
    "|UnknownHostException|could not resolve|name does not resolve|failed to lookup address"
    r"|bad address '|server misbehaving|unknown host|could not be resolved"
    r"|host not found(?![^\n]*\"listen\"))[^\n]*"
)
NUMBERS = re.compile(r"[\d.:]+")
IN_VAIN = re.compile(
    r"re-?tr(?:y|ies)|\btr(?:y|ies|ying)\b|again|attempt|wait|re-?connect|re-?start|backoff|sleep"
    r"|connecting|error|fail|fatal|warn|cannot|can't|could not|\bnot?\b|unable|unavailable"
    r"|unreachable|without|degraded|giv(?:e|es|ing) up|gave up|down|offline|lost|time[d ]?-?out"
    r"|exhausted|closed|disconnect|missing|stale",
    re.IGNORECASE,
)
"""What is told around a connection that is refused."""
CONNECTED = re.compile(
    r"^(?!.*\b(?:not|no|never|lost|longer)\b).*\b(?:re-?)?(?:connected|established|recovered|succeeded)\b",
    re.IGNORECASE,
)
"""What is told of a connection that is made, after however many attempts."""
COMPLAINTS = 3
LONGEST = 1000
OVER_SECONDS = 10


def is_fine(case: Case) -> bool:
    """Tell whether a running container serves, so its complaints are about the past."""
    if case.phase != Phase.RUNNING:
        return False
    unwell = case.state.health is not None and case.state.health.status == "unhealthy"
    if not case.sockets and not case.other_sockets and _only_complains(case):
        return False
    wants = [port.number for port in wanted(case)]
    serves = not wants or any(s.port in wants for s in case.sockets or ())
    return not unwell and (serves or case.sockets is None)


def _only_complains(case: Case) -> bool:
    """Tell whether connections keep being refused up to the end of the log.

    A worker whose metrics nobody takes works all the same.
    """
    if reaches_observers(case):
        return False
    every = (match for pattern in (REFUSED, UNKNOWN) for match in case.every(pattern))
    found = sorted(every, key=lambda match: match.end())
    if len(found) < COMPLAINTS or _is_over(case):
        return False
    if _is_connected(case, case.line(found[-1])):
        return False
    between, after = case.text[: found[-1].start()], case.text[found[-1].end() :]
    return after.strip().count("\n") < COMPLAINTS and not _goes_on(between, after)


def _is_connected(case: Case, line: str) -> bool:
    """Tell whether it has a connection by now to whom a complaint names."""
    words, ports = set(re.findall(r"[\w.-]+", line)), set(re.findall(r":(\d{1,5})\b", line))
    for made in case.sources.connections():
        others = [n for n in case.neighbours if made.address in n.names]
        names = {made.address}.union(*(other.names for other in others))
        if not made.is_tried and names & words and (not ports or str(made.port) in ports):
            return True
    return False


def _goes_on(before: str, after: str) -> bool:
    """Tell whether something is told after the last complaint that was not told between them.

    And that is neither another attempt nor that it does without.
    """
    known = {NUMBERS.sub("", line.strip()) for line in before.splitlines()}
    lines = (line.strip()[:LONGEST] for line in after.splitlines()[1:])
    told = (line for line in lines if line and NUMBERS.sub("", line) not in known)
    return any(CONNECTED.search(line) or not IN_VAIN.search(line) for line in told)


def _is_over(case: Case) -> bool:
    """Tell whether it has stopped complaining: it waited, and runs on."""
    refused = re.compile(f"{REFUSED}|{UNKNOWN}", re.IGNORECASE)
    moments = (moment(line.time) for line in case.lines if refused.match(line.text[:LONGEST]))
    times = [at.timestamp() for at in moments if at]
    if len(times) < COMPLAINTS:
        return False
    pause = max(later - at for at, later in pairwise(times))
    return case.now.timestamp() - times[-1] > 3 * pause + OVER_SECONDS
