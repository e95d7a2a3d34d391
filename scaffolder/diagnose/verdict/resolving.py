"""A copy that knows the addresses of its neighbours: it reaches nobody, and shows whom it asks.

Copies have no network, and so no name server that knows a container: a program gets no further than
to ask for the name. With the address in /etc/hosts it goes on, and tries to connect.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.docker.client import Engine, EngineError

from .apart import asked
from .copies import run
from .factor import Factor
from .watching import tracer_for

ADDRESS = re.compile(r"\d+(?:\.\d+){3}")


def with_port(engine: Engine, case: Case, call: Call | None) -> Call | None:
    """Return how a program connects to the neighbour that it looked up last; if not shown, `call`.

    A name of its own (`docker run --link`, --add-host) is in the copy's /etc/hosts already.
    """
    if call is None or not call.host or case.config.knows(call.host):
        return call
    known = tuple(_known(case))
    if not any(entry.startswith(f"{call.host}:") for entry in known):
        return call
    config = replace(case.config, hosts=(*case.config.hosts, *known))
    try:
        found = run(engine, case, Factor("addresses of neighbours", config), tracer_for(case))
    except EngineError as error:
        case.unsought.append(f"which port of {call.host} is asked for: {error.message}")
        return call
    made = asked(case, found.trace) if found.trace else None
    if made is None or not made.port:
        return call
    names = {address: name for name, _, address in (entry.partition(":") for entry in known)}
    looked_up = f"{call.host}:{made.address}" in known
    return replace(made, host=call.host if looked_up else names.get(made.address, made.address))


def _known(case: Case) -> Iterator[str]:
    """Yield the names that lead to running neighbours, as --add-host takes them."""
    own = set(case.config.networks) - {"bridge"}  # which has no name server
    for other in case.neighbours:
        if other.status != "running" or not own & set(other.networks):
            continue
        address = next((name for name in other.names if ADDRESS.fullmatch(name)), "")
        names = (name for name in other.names if not ADDRESS.fullmatch(name) and ":" not in name)
        yield from (f"{name}:{address}" for name in names if address)
