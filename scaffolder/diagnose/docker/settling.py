"""Waiting until it shows whether a container that was restarted is up for good."""

import time
from datetime import UTC, datetime
from typing import Any

from scaffolder.diagnose.evidence import phase
from scaffolder.docker.client import Engine

from . import events, inspect

EACH_SECONDS = 0.5


def settled(engine: Engine, document: dict[str, Any]) -> dict[str, Any]:
    """Return what is inspected of a container once it is clear whether its restarts are over.

    It was restarted, and now runs for longer than it ever did: the next seconds tell whether it
    has overcome what ended it. It is taken for one that dies as soon as it does.
    """
    restarts = document.get("RestartCount") or 0
    state = inspect.state(document)
    if not restarts or state.status != "running":
        return document
    happened = events.events(engine, document["Id"])
    end = time.monotonic() + phase.in_doubt(state, happened, restarts, datetime.now(UTC))
    found = document
    while time.monotonic() < end and found.get("RestartCount") == restarts:
        time.sleep(EACH_SECONDS)
        found = inspect.inspect(engine, document["Id"]) or document
        if inspect.state(found).status != "running":
            break
    return found
