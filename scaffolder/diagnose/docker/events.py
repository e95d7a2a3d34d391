"""`docker events`: what the daemon remembers about a container; it keeps only the last 256.

Health checks push events out, and so does every inspection of a container. So the events seen of
any container are kept for a week, for later diagnoses.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scaffolder import paths
from scaffolder.diagnose.evidence.facts import Event
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.docker.client import AnswerError, Engine

NOISE = (
    "exec_", "top", "archive-path", "resize", "attach", "detach", "health_status", "copy",
    "create",
)  # fmt: skip
WEEK = 7 * 86400
MOST = 4000


def events(engine: Engine, identity: str) -> tuple[Event, ...]:
    """Return a container's events, oldest first: those known now, and those seen before."""
    now = time.time()
    # Until a moment to come both wait for it, and podman now and then prints nothing.
    end = ("--stream=false",) if engine.name == "podman" else ("--until", f"{now:.6f}")
    flags = ("--since", str(int(now) - WEEK), *end, "--filter", "type=container")
    try:
        seen = engine.json("events", *flags, "--format", "{{json .}}")
    except AnswerError:
        seen = []
    return tuple(
        sorted((e for c, e in _remember(list(read(seen))) if c == identity), key=lambda e: e.time)
    )


def read(documents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Event]]:
    """Read events and their containers; those of health checks and inspections are dropped."""
    for found in documents:
        action = found.get("Action") or found.get("status") or found.get("Status") or ""
        if action.startswith(NOISE):
            continue
        actor = found.get("Actor") or {}
        about = actor.get("Attributes") or found.get("Attributes") or {}
        when = found.get("timeNano", 0) / 1e9 or _seconds(found.get("time") or found.get("Time"))
        code = about.get("exitCode", found.get("ContainerExitCode"))
        name = actor.get("ID") or found.get("id") or found.get("ID") or ""
        yield (
            name,
            Event(
                when, action.partition(":")[0].strip(), _number(code), _number(about.get("signal"))
            ),
        )


def _seconds(time: object) -> float:
    """Read the time of an event: a number or, from podman, a date."""
    at = moment(time)
    return at.timestamp() if at else float(str(time or 0))


def _number(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None


def _place() -> Path:
    return paths.cache() / "events.json"


def _remember(seen: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """Add what was seen before to what is seen now, and keep both."""
    known = dict.fromkeys([*_recall(), *seen])
    recent = sorted((k for k in known if k[1].time > time.time() - WEEK), key=lambda k: k[1].time)[
        -MOST:
    ]
    rows = [[name, e.time, e.action, e.exit_code, e.signal] for name, e in recent]
    with suppress(OSError):  # without a writable home it only remembers less
        place = _place()
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(rows), encoding="utf-8")
        new.replace(place)
    return recent


def _recall() -> list[tuple[str, Event]]:
    try:
        rows = json.loads(_place().read_text("utf-8"))
        return [(str(row[0]), Event(float(row[1]), str(row[2]), row[3], row[4])) for row in rows]
    except (OSError, ValueError, TypeError, IndexError):
        return []
