"""`docker events`: what the daemon remembers of a container; it forgets all but 256."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from scaffolder.diagnose.engine import Engine
from scaffolder.diagnose.facts import Event

NOISE = ("exec_", "top", "archive-path", "resize")


def events(engine: Engine, identity: str, since: float = 0) -> tuple[Event, ...]:
    """Return a container's events, oldest first."""
    now = int(time.time()) + 1
    flags = ("--since", str(int(since)), "--until", str(now), "--filter", f"container={identity}")
    try:
        found = engine.json("events", *flags, "--format", "{{json .}}")
    except ValueError:
        return ()
    return tuple(read(found))


def read(documents: Iterable[Mapping[str, Any]]) -> Iterable[Event]:
    """Read events; those of health checks and of our own copies tell nothing."""
    for found in documents:
        action = found.get("Action") or found.get("status") or found.get("Status") or ""
        if action.startswith(NOISE):
            continue
        about = (found.get("Actor") or {}).get("Attributes") or found.get("Attributes") or {}
        when = found.get("timeNano", 0) / 1e9 or float(found.get("time") or 0)
        code = about.get("exitCode", found.get("ContainerExitCode"))
        yield Event(when, action.partition(":")[0].strip(), _number(code), _number(about.get("signal")))


def _number(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None
