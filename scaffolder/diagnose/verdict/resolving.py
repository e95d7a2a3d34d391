"""A copy that knows the addresses of its neighbours: it reaches nobody, and shows whom it asks.

Copies have no network, and so no name server that knows a container: a program gets no further than
to ask for the name. With the address in /etc/hosts it goes on, and tries to connect.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.docker.client import Engine, EngineError

from .apart import asked
from .copies import Outcome, run
from .factor import Factor
from .unchanged import is_like, take_in
from .watching import tracer_for

ADDRESS = re.compile(r"\d+(?:\.\d+){3}")


def with_addresses(engine: Engine, case: Case, same: Outcome) -> Outcome:
    """Return a watched copy that gets further than to look up a neighbour; if none does, `same`.

    What it shows is taken in if it is like the container. A name of its own (`docker run --link`,
    --add-host) is in the copy's /etc/hosts already.
    """
    call = asked(case, same.trace) if same.trace else None
    if call is None or not call.host or _is_given(case, call.host):
        return same
    known = tuple(_known(case))
    if not any(entry.startswith(f"{call.host}:") for entry in known):
        return same
    config = replace(case.config, hosts=(*case.config.hosts, *known))
    try:
        found = run(engine, case, Factor("addresses of neighbours", config), tracer_for(case))
    except EngineError as error:
        case.unsought.append(f"which port of {call.host} is asked for: {error.message}")
        return same
    if found.trace is None or found.trace.obstacle:
        return same
    if is_like(case, found):
        made = asked(case, found.trace)
        if made is not None and f"{call.host}:{made.address}" in known:
            made = replace(made, host=call.host)
        take_in(case, Seen(found.trace, lacked=made))
    elif is_like(case, same):
        return same
    return found


def _is_given(case: Case, host: str) -> bool:
    """Tell whether a link or --add-host gives a name its address, of which copies know then."""
    return case.config.knows(host) or any(e.startswith(f"{host}:") for e in case.config.hosts)


def _known(case: Case) -> Iterator[str]:
    """Yield the names that lead to running neighbours, as --add-host takes them."""
    own = set(case.config.networks) - {"bridge"}  # which has no name server
    for other in case.neighbours:
        if other.status != "running" or not own & set(other.networks):
            continue
        address = next((name for name in other.names if ADDRESS.fullmatch(name)), "")
        names = (name for name in other.names if not ADDRESS.fullmatch(name) and ":" not in name)
        yield from (f"{name}:{address}" for name in names if address)
