"""What the service needs over the network, and cannot reach: refused, unknown, untrusted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, logged
from scaffolder.diagnose.facts import Neighbour
from scaffolder.diagnose.phase import Phase

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
URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://(?:[^\s/@]*@)?(\[[^\]\s]+\]|[\w.-]+)(?::(\d+))?")
PAIR = re.compile(r"^([\w.-]+):(\d{2,5})$")
REFUSED = (
    r"[^\n]*(?:connection refused|(?<=OSError: )\[Errno 99\]|ECONNREFUSED|errno 111\b"
    "|actively refused|Connection reset by peer|server closed the connection"
    r"|ConnectException)[^\n]*"
)
UNKNOWN = (
    r"[^\n]*(?:no such host|name or service not known|temporary failure in name resolution"
    r"|\bENOTFOUND|EAI_AGAIN|could not translate host name|nodename nor servname"
    "|UnknownHostException|could not resolve|name does not resolve|failed to lookup address"
    r"|bad address|server misbehaving|unknown host)[^\n]*"
)


@dataclass(frozen=True)
class Peer:
    """Something that the service is told to reach."""

    host: str
    port: int
    by: str
    """The variable, or the place, that names it."""


def peers(case: Case) -> Iterator[Peer]:
    """Return what the variables and arguments name as hosts and ports."""
    env = case.config.env
    for name, value in env.items():
        if re.search(
            "^(?:HOST|BIND|LISTEN|ADDR|ADDRESS|PATH|HOSTNAME)|(?:^|_)(?:BIND|LISTEN|PROXY"
            "|ORIGINS?|CORS|PUBLIC|CALLBACK|REDIRECT|HOMEPAGE|NO_PROXY)",
            name,
        ):
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
            yield from _literal(item.script.text)


def _literal(text: str) -> Iterator[Peer]:
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


def find(case: Case, host: str) -> Neighbour | None:
    """Return the container that goes by a name, on any network."""
    return next((n for n in case.neighbours if host in n.names), None) or next(
        (n for n in case.neighbours if n.labels.get("com.docker.compose.service") == host), None
    )


def shares(case: Case, other: Neighbour) -> bool:
    """Tell whether another container is on a network of this one."""
    return bool(set(case.config.networks) & set(other.networks))


Obstacle = tuple[str, str, list[Evidence], bool]
"""Why a peer cannot be reached, what helps, the evidence, and if it is certain."""


def obstacle(case: Case, peer: Peer) -> Obstacle | None:
    """Tell why a peer cannot be reached; None if nothing is known to be in the way."""
    if case.config.network == "none":
        text = "the container runs with --network none and reaches nothing"
        shown = [inspected(case, "HostConfig.NetworkMode", "none")]
        return text, "run it in the network of what it needs", shown, True
    if peer.host in LOCAL:
        return _itself(case, peer)
    other = find(case, peer.host)
    if other is None:
        return _nobody(peer)
    return _apart(case, peer, other) or _deaf(case, peer, other)


def _itself(case: Case, peer: Peer) -> Obstacle | None:
    shared = case.config.network == "host" or case.config.network.startswith("container:")
    if shared or not peer.port or any(s.port == peer.port for s in case.sockets or ()):
        return None
    text = (
        f"{peer.host}:{peer.port} is the container itself, where nothing listens on that port;"
        " other services are not on its localhost"
    )
    advice = "name the other container (on a common network), or host.docker.internal for the host"
    return text, advice, [], True


def _nobody(peer: Peer) -> Obstacle | None:
    """Answer for a name that no container has; names with a dot may be known elsewhere."""
    private = peer.host.endswith((".local", ".internal", ".invalid", ".test"))
    if ("." in peer.host and not private) or ":" in peer.host:
        return None
    text = f"no container is called {peer.host}, on any network: the name does not resolve"
    shown = [Evidence("neighbours", "docker ps --all", f"no container {peer.host}")]
    return text, "start it, or correct the name", shown, "." not in peer.host


def _apart(case: Case, peer: Peer, other: Neighbour) -> Obstacle | None:
    """Answer for a container that does not run, or is on no network where its name is known."""
    if other.status != "running":
        text = f"the container {other.name} is {other.status}, not running"
        shown = [
            Evidence("neighbours", f"docker ps --all --filter name={other.name}", other.status)
        ]
        return text, f"start it (docker start {other.name}) and see why it ended", shown, True
    if not shares(case, other):
        ours, theirs = (
            ", ".join(case.config.networks) or case.config.network,
            ", ".join(other.networks),
        )
        text = (
            f"the container {other.name} is on the network {theirs}, and this one on {ours}: they"
            " cannot reach each other, and the name does not resolve"
        )
        network = other.networks[0] if other.networks else "NETWORK"
        command = f"docker inspect --format '{{{{json .NetworkSettings.Networks}}}}' {other.name}"
        shown = [
            Evidence("neighbours", command, theirs),
            inspected(case, "NetworkSettings.Networks", ours),
        ]
        return text, f"docker network connect {network} {case.target}", shown, True
    common = set(case.config.networks) & set(other.networks)
    if common <= {"bridge"} and not re.fullmatch(r"[\d.]+", peer.host):
        text = (
            "both containers are on the default bridge network, which resolves no names:"
            f" {peer.host} is unknown there"
        )
        shown = [inspected(case, "HostConfig.NetworkMode", case.config.network)]
        return text, "create a network (docker network create NAME) and run both in it", shown, True
    return None


def _deaf(case: Case, peer: Peer, other: Neighbour) -> Obstacle | None:
    """Answer for a container that runs, and does not listen where it is asked."""
    sockets = case.sources.sockets_of(other.name)
    if sockets is None or not peer.port:
        return None
    here = [s for s in sockets if s.port == peer.port]
    words = ", ".join(f"{s.address}:{s.port}" for s in sockets) or "nothing"
    shown = [
        Evidence("neighbours", f"docker exec {other.name} cat /proc/net/tcp", f"listening: {words}")
    ]
    if here and all(s.is_loopback for s in here):
        text = (
            f"{peer.host} listens on port {peer.port} of its own loopback only, so others are"
            " refused"
        )
        return text, "have it listen on 0.0.0.0", shown, True
    if here:
        return None
    others = ", ".join(str(port) for port in sorted({s.port for s in sockets}))
    more = f"; it listens on {others}" if others else " (its container runs)"
    text = f"{peer.host}:{peer.port} refuses connections: nothing listens on that port there{more}"
    wait = (
        "wait for it, with retries and growing pauses (depends_on: condition: service_healthy),"
        " and see why it does not listen"
    )
    return text, "correct the port" if others else wait, shown, True


def named_in(case: Case, line: str) -> Peer | None:
    """Return the host and port that a line of the log names."""
    patterns = (
        r"lookup ([\w.-]+)(?: on|:)",
        (
            "(?:host name|resolve host:?|UnknownHostException:|ENOTFOUND|EAI_AGAIN|unknown host"
            r"|bad address|host=)\s*['\"]?([\w.-]+)['\"]?"
        ),
        (
            "(?:ECONNREFUSED|tcp|to|at|host|server"
            r"|connecting to)\s+(?:server at )?['\"(]?([\w.-]+)['\")]?"
            r"(?:\s*\([\d.:a-f]+\))?[:,]?\s*(?:port\s*)?(\d{2,5})"
        ),
        r"['\"(]([a-zA-Z][\w.-]+|\d+\.\d+\.\d+\.\d+)['\"]?[:,] ?(\d{2,5})",
        r"\b([a-zA-Z][\w-]*(?:\.[\w-]+)*|\d+\.\d+\.\d+\.\d+):(\d{2,5})\b",
    )
    for pattern in patterns:
        match = re.search(pattern, line)
        if match and not match[1].isdecimal():
            port = (
                int(match[2])
                if match.re.groups > 1
                else next((p.port for p in peers(case) if p.host == match[1]), 0)
            )
            return Peer(match[1], port, "the log")
    return None


@cause(
    "connection-refused",
    "what the service needs refuses connections",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    page="pattern-network",
    when=Phase.ENDED | Phase.RUNNING,
    weight=78,
)
def connection_refused(case: Case) -> Found | None:
    """Find a refused connection, by the program's own words, and who refuses it."""
    match = None if _is_fine(case) else case.said(REFUSED)
    if match is None:
        return None
    line = case.line(match)
    peer = named_in(case, line) or next(iter(peers(case)), None)
    return _answer(
        case,
        match,
        peer,
        f"a connection is refused: {line[:200]}",
        "start what it connects to, and retry with growing pauses; check host and port",
    )


@cause(
    "name-unresolved",
    "the name of what the service needs is not found",
    pattern="network",
    reads=["logs", "inspect", "neighbours"],
    page="pattern-network",
    when=Phase.ENDED | Phase.RUNNING,
    weight=79,
)
def name_unresolved(case: Case) -> Found | None:
    """Find a host name that does not resolve, and why."""
    match = None if _is_fine(case) else case.said(UNKNOWN)
    if match is None:
        return None
    line = case.line(match)
    peer = named_in(case, line) or next((p for p in peers(case) if p.host not in LOCAL), None)
    name = peer.host if peer else "a host"
    return _answer(
        case,
        match,
        peer,
        f"the name {name} does not resolve (DNS): {line[:200]}",
        "correct the name; containers find each other by name only on a network of their own"
        " (docker network create)",
    )


def _answer(case: Case, match: "re.Match[str]", peer: Peer | None, words: str, fix: str) -> Found:
    why = obstacle(case, peer) if peer else None
    if peer and why:
        text, advice, evidence, certain = why
        return Found(
            f"{peer.host}{f':{peer.port}' if peer.port else ''} cannot be reached: {text}",
            advice,
            (logged(case, match), *evidence),
            proven=certain,
        )
    return Found(
        words,
        fix,
        (
            logged(case, match),
            inspected(
                case,
                "NetworkSettings.Networks",
                ", ".join(case.config.networks) or case.config.network,
            ),
        ),
    )


def _is_fine(case: Case) -> bool:
    """Tell whether a running container serves, so that its complaints are no fault of now."""
    if case.phase != Phase.RUNNING:
        return False
    unwell = case.state.health is not None and case.state.health.status == "unhealthy"
    wants = [
        p.number for p in (*case.config.published, *case.config.exposed) if p.protocol == "tcp"
    ]
    serves = not wants or any(s.port in wants for s in case.sockets or ())
    return not unwell and (serves or case.sockets is None)


@cause(
    "peer-unreachable-silent",
    "what the service needs cannot be reached, and it says nothing of it",
    pattern="network",
    reads=["inspect", "neighbours", "live"],
    page="pattern-network",
    when=Phase.DIED | Phase.RUNNING,
    weight=67,
)
def peer_unreachable_silent(case: Case) -> Found | None:
    """Find, behind a silent death or a service that does not listen, a peer out of reach."""
    if case.phase == Phase.RUNNING and (_is_fine(case) or case.sockets):
        return None
    if case.phase == Phase.DIED and (case.exit_code > 125 or _explained(case)):
        return None
    for peer in peers(case):
        why = obstacle(case, peer)
        if why is None or not peer.port:
            continue
        text, advice, evidence, _certain = why
        how = (
            "it ends without a message"
            if case.phase == Phase.DIED
            else "it waits for it and does not listen"
        )
        return Found(
            f"{text} ({peer.by} names {peer.host}{f':{peer.port}' if peer.port else ''}); {how}",
            advice,
            (inspected(case, "Config.Env", f"{peer.by} names {peer.host}:{peer.port}"), *evidence),
        )
    return None


def _explained(case: Case) -> bool:
    return bool(
        case.said(r"error|exception|traceback|fatal|panic|denied|cannot|failed|invalid|not found")
    )


@cause(
    "port-in-use-inside",
    "the port is taken inside the container",
    pattern="network",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=Phase.ENDED,
    weight=80,
)
def port_in_use_inside(case: Case) -> Found | None:
    """Find EADDRINUSE: two servers in one container, a shared network, or the host's network."""
    match = case.said(
        r"[^\n]*(?:address (?:is )?already in use|address in use|EADDRINUSE|errno 98\b"
        r"|port \d+ (?:is|was) already in use|AddrInUse|only one usage of each socket)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    port = next(
        iter(
            re.findall(
                r"[:\s](\d{2,5})\b", line.replace("98", "", 1) if "rrno 98" in line else line
            )
        ),
        "",
    )
    shared = case.config.network == "host" or case.config.network.startswith("container:")
    holder = next(
        (
            n.name
            for n in case.neighbours
            if n.status == "running" and case.config.network.endswith(n.name)
        ),
        "",
    )
    why = (
        (
            "it shares the network of"
            f" {'the host' if case.config.network == 'host' else holder or 'another container'},"
            " where another program has it"
        )
        if shared
        else (
            "another process in the same container has it: the service is started twice, or"
            " beside another"
        )
    )
    return Found(
        f"{f'port {port}' if port else 'its port'} is already in use: {why}",
        "choose another port, or start only one of them",
        (logged(case, match), inspected(case, "HostConfig.NetworkMode", case.config.network)),
        proven=shared and bool(port),
    )


@cause(
    "address-not-available",
    "the address to listen on is none of the container's",
    pattern="network",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=Phase.ENDED,
    weight=80,
)
def address_not_available(case: Case) -> Found | None:
    """Find EADDRNOTAVAIL and a missing address family: the host's address, or IPv6 without any."""
    if case.said(r"create_connection|\.connect\(|connecting to"):
        return None  # it connects: causes of reaching know
    match = case.said(
        r"[^\n]*(?:cannot assign requested address|can't assign requested address"
        r"|address not available|EADDRNOTAVAIL|errno 99\b|AddrNotAvailable"
        r"|address family not supported|EAFNOSUPPORT|errno 97\b)[^\n]*"
    )
    if match is None:
        return None
    address = next(
        (
            k
            for k, v in case.config.env.items()
            if re.fullmatch(r"\d+\.\d+\.\d+\.\d+|[0-9a-f:]*::[0-9a-f:]*", v)
        ),
        "",
    )
    value = case.config.env.get(address, "")
    foreign = bool(value) and value not in {
        "0.0.0.0",
        "::",
        "127.0.0.1",
        *case.config.networks.values(),
    }
    return Found(
        f"the address to listen on{f' ({address}={value})' if value else ''} does not exist in the"
        f" container: {case.line(match)[:200]}",
        "listen on 0.0.0.0; the host's address is not inside the container, and [::] needs IPv6",
        (
            logged(case, match),
            *((inspected(case, "Config.Env", f"{address}={value}"),) if value else ()),
        ),
        proven=foreign,
    )


@cause(
    "unreachable",
    "there is no way to what the service needs",
    pattern="network",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=Phase.ENDED,
    weight=76,
)
def unreachable(case: Case) -> Found | None:
    """Find ENETUNREACH, EHOSTUNREACH and time-outs."""
    match = case.said(
        r"[^\n]*(?:network (?:is )?unreachable|no route to host|host is unreachable"
        r"|operation timed out|ENETUNREACH|EHOSTUNREACH|errno 101\b|errno 113\b"
        r"|connection timed out|ETIMEDOUT|errno 110\b|i/o timeout|connect timeout|ConnectTimeout"
        r"|TimeoutError|timed out)[^\n]*"
    )
    if match is None:
        return None
    alone = case.config.network == "none"
    internal = [name for name in case.config.networks if name in case.sources.networks()]
    why = (
        "it runs with --network none"
        if alone
        else f"its network {internal[0]} is internal, without a way out"
        if internal
        else "a firewall, a wrong address, or a service that is down"
    )
    return Found(
        f"the network is unreachable, or does not answer in time: {case.line(match)[:200]} ({why})",
        "give it a network: --network bridge"
        if alone or internal
        else "check address, route and firewall: docker exec ... getent hosts NAME",
        (logged(case, match), inspected(case, "HostConfig.NetworkMode", case.config.network)),
        proven=bool(alone or internal),
    )


@cause(
    "login-refused",
    "the database or service refuses the login",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=84,
)
def login_refused(case: Case) -> Found | None:
    """Find wrong passwords and users, and databases that do not exist."""
    match = case.said(
        r"[^\n]*(?:password authentication failed|authentication failed|access denied for user"
        "|invalid (?:username|password|credentials)|WRONGPASS|NOAUTH|login failed"
        r"|401 unauthorized|invalid api key|role \"\S+\" does not exist"
        r"|database \"\S+\" does not exist|unknown database|ACCESS_REFUSED|no pg_hba\.conf entry"
        r"|auth(?:entication)? error)[^\n]*"
    )
    if match is None:
        return None
    old = any(m.kind == "volume" for m in case.config.mounts)
    return Found(
        f"the login is refused: {case.line(match)[:250]}",
        (
            "correct user, password or database name in the environment; a database takes its"
            " password from the environment only at its first start, and an old volume keeps the"
            " old one"
        )
        + (" (this container has a volume)" if old else ""),
        (logged(case, match),),
    )


@cause(
    "certificate",
    "a certificate is not trusted, expired, or for another name",
    pattern="environment",
    reads=["logs", "files"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=82,
)
def certificate(case: Case) -> Found | None:
    """Find TLS failures: no CA certificates in the image, a wrong clock, a self-signed one."""
    match = case.said(
        r"[^\n]*(?:certificate verify failed|x509:|unable to get (?:local )?issuer"
        "|self[- ]signed certificate|certificate (?:has expired|is not yet valid"
        r"|signed by unknown)|CERT_\w+|UNABLE_TO_\w+|PKIX path|invalid peer certificate"
        r"|UnknownIssuer|tlsv1 alert|ssl routines|SSLError|no CA certificates)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    stores = (
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/cert.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
    )
    has = any(case.has(path) for path in stores)
    dates = re.search(r"expired|not yet valid", line)
    unknown = re.search(
        r"unknown authority|local issuer|verify failed|UnknownIssuer|PKIX|no CA", line
    )
    if dates:
        why, fix = (
            "its dates do not hold: it has expired, or a clock is wrong",
            "renew it; compare `date` inside and outside",
        )
    elif unknown and not has:
        why, fix = (
            "the image has no CA certificates",
            (
                "install them in the runtime stage: apt-get install -y ca-certificates (apk add"
                " ca-certificates)"
            ),
        )
    else:
        why, fix = (
            "its issuer is not trusted in the container, or its name differs",
            "add the CA to the image, and update-ca-certificates; check the name",
        )
    return Found(
        f"a TLS certificate is not accepted: {why}: {line[:200]}",
        fix,
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {case.target}:{stores[0]} -",
                "exists" if has else "no such file",
            ),
        ),
        proven=bool(unknown and not has),
    )
