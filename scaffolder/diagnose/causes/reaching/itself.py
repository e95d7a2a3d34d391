"""Containers that ask themselves for a port on which nothing listens there."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import inspected, watched
from scaffolder.diagnose.causes.silence.readings import sources

from .peers import LOCAL, Obstacle, Peer, find, peers

VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*\b")


def itself(case: Case, peer: Peer) -> Obstacle | None:
    """Return why a container does not reach itself: nothing of its own listens on that port."""
    shared = case.config.network == "host" or case.config.network.startswith("container:")
    if shared or not peer.port or any(s.port == peer.port for s in case.sockets or ()):
        return None
    own = f"{peer.host}:{peer.port} is the container itself, where nothing listens on that port"
    if other := [port for port in _served(case) if port != peer.port]:
        listed = ", ".join(map(str, other))
        return (
            f"{own}; what it starts listens on {listed}",
            f"ask for the port {other[-1]}, or have the server listen on {peer.port}",
            [watched(case, f"a copy listens on {listed}")],
            True,
        )
    text = f"{own}; other services are not on its localhost"
    advice = "use the other container's name (on a shared network), or host.docker.internal"
    named = (p for p in peers(case) if p.port == peer.port and p.host not in LOCAL)
    meant = next((p for p in named if find(case, p.host)), None)
    if meant is None or meant.by not in case.config.env:
        return text, advice, [], True
    read = next(_read_instead(case, meant.by), "")
    used = f": it reads {read}, which is not set" if read else ""
    names = f"{meant.by} names {meant.host}:{meant.port}"
    text += f"; {names}, and the program does not use that{used}"
    if read:
        advice = f"set {read} to what {meant.by} has (docker run -e {read}=...)"
    return text, advice, [inspected(case, "Config.Env", names)], True


def _read_instead(case: Case, name: str) -> Iterator[str]:
    """Return variables that a source reads and nothing sets, whose name is longer or shorter."""
    for script in sources(case):
        for found in VARIABLE.findall(script.text):
            is_alike = found != name and (found.startswith(name) or name.startswith(found))
            if is_alike and found not in case.config.env:
                yield found


def _served(case: Case) -> list[int]:
    """Return the ports on which a watched copy listened."""
    calls = (c for c in case.seen.trace.calls if c.name == "listen" and not c.error and c.port)
    return list(dict.fromkeys(call.port for call in calls))
