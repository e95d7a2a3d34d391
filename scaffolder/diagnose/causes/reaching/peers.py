"""The hosts and ports that a service is told to reach, and the containers behind them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.causes.shells.script import variables
from scaffolder.diagnose.evidence import lookups
from scaffolder.diagnose.evidence.decisive import DNS
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.evidence.wrapped import MISTAKES

LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}

DEFAULTS = {
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "amqps": 5671,
    "mongodb": 27017,
    "http": 80,
    "https": 443,
    "nats": 4222,
    "kafka": 9092,
    "memcached": 11211,
    "ldap": 389,
    "ftp": 21,
    "ws": 80,
    "wss": 443,
    "tcp": 0,
}


OWN = re.compile(
    r"^(?:HOST|BIND|LISTEN|ADDR|ADDRESS|PATH|HOSTNAME)|(?:^|_)(?:BIND|LISTEN|PROXY|ORIGINS?|CORS"
    r"|PUBLIC|CALLBACK|REDIRECT|HOMEPAGE|NO_PROXY)"
)
"""Names of variables with an address that is no peer's, or that others use."""
OBSERVES = re.compile(
    r"(?:^|_)(?:METRICS?|TELEMETRY|STATSD|GRAPHITE|PUSHGATEWAY|OTEL|OTLP|TRAC(?:ES?|ING)|JAEGER"
    r"|ZIPKIN|SENTRY|ANALYTICS|PROFIL(?:ER|ING))(?:_|$)"
)
"""Names of variables with a peer that is told how a service fares: no work depends on it."""
URL = re.compile(
    r"(?<![\w+.-])([a-z][a-z0-9+.-]*+)://(?:[^\s/@]*@)?(\[[^\]\s]+\]|[\w.-]+)(?::(\d+))?"
)


PAIR = re.compile(r"^(?!\d+:)([\w.-]+):(\d{2,5})$")
"""A host and a port, and no time of a day."""
ADDRESS = re.compile(r"\d+(?:\.\d+){3}|[\da-f]*:[\da-f:]+")


Obstacle = tuple[str, str, list[Evidence], bool]
"""Why a peer cannot be reached, what helps, the evidence, and whether it is certain."""


@dataclass(frozen=True)
class Peer:
    """Something that the service is told to reach."""

    host: str
    port: int
    by: str
    """The variable, or the place, that names it."""


def peers(case: Case) -> Iterator[Peer]:
    """Return the hosts and ports that variables, arguments and scripts name.

    Scripts have defaults for variables: `: "${CACHE_HOST:=cache}"`.
    """
    yield from _of_variables(variables(case))
    for item in case.launched:
        for word in item.argv[1:]:
            yield from (
                Peer(m[2], int(m[3] or DEFAULTS.get(m[1], 0)), "the command")
                for m in URL.finditer(word)
                if m[2] not in LOCAL
            )
            pair = PAIR.match(word)
            if pair and not pair[1].isdecimal() and pair[1] not in LOCAL:
                yield Peer(pair[1], int(pair[2]), "the command")
        if item.script:
            yield from literal(item.script.text)


def _of_variables(env: Mapping[str, str]) -> Iterator[Peer]:
    for name, value in env.items():
        if OWN.search(name):
            continue
        for match in URL.finditer(value):
            yield Peer(
                match[2].strip("[]"), int(match[3] or DEFAULTS.get(match[1].split("+")[0], 0)), name
            )
        pair = PAIR.match(value)
        if pair:
            yield Peer(pair[1], int(pair[2]), name)
        if re.search(r"_(?:HOST|SERVER|HOSTNAME|ADDR|ADDRESS)$", name) and re.fullmatch(
            r"[\w.-]+", value
        ):
            port = env.get(re.sub(r"_\w+?$", "_PORT", name), "")
            stem = name.lower()
            usual = next((p for k, p in DEFAULTS.items() if k[:5] in stem), 0)
            yield Peer(value, int(port) if port.isdecimal() else usual, name)


def reaches_observers(case: Case) -> bool:
    """Tell whether a container is only told to reach what observes it."""
    named = list(peers(case))
    return bool(named) and all(OBSERVES.search(peer.by) for peer in named)


def literal(text: str) -> Iterator[Peer]:
    """Yield the hosts and ports that a text of a program connects to."""
    for match in re.finditer(
        r"(?:create_connection|connect)\(\s*\(\s*['\"]([\w.-]+)['\"]\s*,\s*(\d+)"
        r"|\bnc\s+(?:-\S+\s+)*([a-zA-Z][\w.-]+)\s+(\d+)|/dev/tcp/([\w.-]+)/(\d+)",
        text,
    ):
        host, port = [g for g in match.groups() if g]
        yield Peer(host, int(port), "its source")
    for match in URL.finditer(text):
        if match[2] not in LOCAL and not match[2].endswith((".org", ".com", ".io")) and match[3]:
            yield Peer(match[2], int(match[3]), "its source")


def sought(case: Case) -> Iterator[Peer]:
    """Return what a watched copy looked up, or wanted to connect to, just before it ended."""
    call = insisted(case) or case.seen.failed_call
    if call is None or not call.is_network:
        return
    own = [c for c in case.seen.trace.of(call.process) if c.host and c.at <= call.at]
    if own:
        yield Peer(own[-1].host, 0, "it looks up")
    elif call.port and call.port != DNS:
        yield Peer(call.address, call.port, "it connects to")


def looked_up(case: Case) -> Iterator[Peer]:
    """Return the names that a watched copy looked up, the last one first, in whichever thread."""
    asked = (call.host for call in reversed(case.seen.trace.calls) if call.host)
    yield from (Peer(host, 0, "it looks up") for host in dict.fromkeys(asked))


def insisted(case: Case) -> Call | None:
    """Return the lookup of a name that a copy insisted on in vain before it ended.

    An exception that is about something else in its code is another end.
    """
    told = case.seen.swallowed
    is_other = case.seen.lacked is not None or (told is not None and bool(told.names & MISTAKES))
    return None if is_other else lookups.in_vain(case.seen.trace)


def reaches_nobody(case: Case) -> bool:
    """Tell whether a watched copy ended without looking for anybody, whatever its texts name."""
    trace = case.seen.trace
    return bool(trace.processes) and not any(call.is_network for call in trace.calls)


def find(case: Case, host: str) -> Neighbour | None:
    """Return the container with a name, on any network."""
    name = case.config.links.get(host, host)
    return next((n for n in case.neighbours if name in n.names), None) or next(
        (n for n in case.neighbours if n.labels.get("com.docker.compose.service") == host), None
    )


def known(case: Case, host: str) -> Neighbour | None:
    """Return the container that a name or address led to in the last run, as the engine knows it.

    The default bridge resolves no names but those of links.
    """
    name, is_linked = case.config.links.get(host, host), case.config.knows(host)
    dumb = set() if is_linked or ADDRESS.fullmatch(host) else {"bridge"}
    networks = set(case.config.networks) - dumb
    named = (n for n in case.neighbours if n.status == "running" and name in n.names)
    return next((n for n in named if networks & set(n.networks) and not later(case, n)), None)


def known_among(case: Case, hosts: Iterable[str]) -> Iterator[tuple[str, Neighbour]]:
    """Yield those of some names and addresses that led to a container, and which one."""
    for host in hosts:
        if host and (other := known(case, host)):
            yield host, other


def later(case: Case, other: Neighbour) -> float:
    """Return for how many seconds a container had ended when another one started; 0 if it ran."""
    ended = case.state.finished if case.phase & Phase.ENDED else None
    return max((other.started - ended).total_seconds(), 0.0) if ended and other.started else 0.0


def shares(case: Case, other: Neighbour) -> bool:
    """Tell whether another container is on a network of this one."""
    return bool(set(case.config.networks) & set(other.networks))
