"""The other containers of the engine: their networks, names and ports."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from scaffolder.diagnose.evidence.facts import Neighbour, Socket
from scaffolder.docker.client import Engine

from . import inspect, live

MOST = 100


def neighbours(engine: Engine, identity: str) -> tuple[Neighbour, ...]:
    """Return the other containers: all that run, and the newest 100, running or not."""
    listed = engine.ask("ps", "--all", "--quiet", "--no-trunc", "--last", str(MOST)).text.split()
    listed += engine.ask("ps", "--quiet", "--no-trunc").text.split()
    others = [other for other in dict.fromkeys(listed) if other != identity]
    if not others:
        return ()
    ran = engine.ask("inspect", "--type", "container", *others)
    try:
        found = json.loads(ran.text or "[]")
    except ValueError:
        return ()
    return tuple(map(read, found))


def read(document: Mapping[str, Any]) -> Neighbour:
    """Read what other containers need to know of a container."""
    config, state = inspect.config(document), inspect.state(document)
    networks = (document.get("NetworkSettings") or {}).get("Networks") or {}
    name = (document.get("Name") or "").lstrip("/")
    return Neighbour(
        name=name,
        status=state.status,
        image=config.image,
        networks=tuple(networks),
        names=tuple({name, *_names(networks.values())}),
        published=config.published,
        health=state.health.status if state.health else "",
        labels=config.labels,
        started=state.started,
        identity=document.get("Id") or "",
        command=config.argv,
        env=config.env,
        mounts=config.mounts,
        workdir=config.workdir,
    )


def _names(networks: Iterable[Mapping[str, Any] | None]) -> Iterable[str]:
    for network in networks:
        yield from (network or {}).get("Aliases") or ()
        address = (network or {}).get("IPAddress")
        if address:
            yield address


def sockets(engine: Engine, name: str) -> tuple[Socket, ...] | None:
    """Return what another container listens on; None if it is not running, or cannot be read."""
    document = inspect.inspect(engine, name)
    pid = inspect.state(document).pid if document else 0
    if not document or not pid:
        return None
    return live.sockets(live.reader(engine, document["Id"], pid))
