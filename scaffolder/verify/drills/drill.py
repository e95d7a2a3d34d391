"""A drill: a fault, how it is injected from outside, and what the service has to make of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scaffolder.templates.stage import Fault

LIVES = None
"""Instead of an exit status: the service goes on, answers, and stops with 0 when it is asked to."""

SECONDS = 60.0
"""In which a cause is named, on a machine that is busy with much else."""


@dataclass(frozen=True)
class Drill:
    """A fault in a container. One without `inject` and `signal` is there when it starts."""

    name: str
    cause: str
    """A regular expression for the log; empty where nobody can be told."""
    status: int | None
    """The exit status of the container, or LIVES."""
    seconds: float = SECONDS
    """In which the cause has to be named."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that the service is started with."""
    options: tuple[str, ...] = ()
    """Of `docker create`."""
    start: tuple[str, ...] = ()
    """A command in place of the image's own."""
    line: str = ""
    """A line of a shell that starts it: "$@" is the image's own command."""
    refused: tuple[str, ...] = ()
    """System calls that are refused with EPERM."""
    beside: bool = False
    """It shares the network of a healthy container of the same image."""
    inject: str = ""
    """A line of a shell in the container, once it is healthy; $1 is the process that serves."""
    signal: str = ""
    """For the first process of the container, once it is healthy, after `inject`."""
    request: bool = False
    """A client has sent half of a request when the signal comes."""
    cure: str = ""
    """As `inject`; afterwards it has to be healthy."""

    @property
    def is_later(self) -> bool:
        """Tell whether the fault comes to a service that is healthy."""
        return bool(self.inject or self.signal)

    @property
    def recovers(self) -> bool:
        """Tell whether it has to be healthy when it is started again: nothing is wrong with it."""
        return self.is_later and self.status not in (LIVES, 0)

    @property
    def expected(self) -> str:
        """Return in words what the service has to do."""
        named = f"the log says {self.cause!r} within {self.seconds:g} s" if self.cause else ""
        if self.status is LIVES:
            end = "it goes on, and stops with 0 when it is asked to"
        else:
            end = f"exit status {self.status}"
        again = "healthy when it is started again" if self.recovers else ""
        return ", ".join(filter(None, (named, end, again)))


def of_language(entry: Mapping[str, Any], package: str) -> Drill:
    """Return the drill of an entry of language.yml, which has what happens in a container."""
    start = tuple(word.replace("{package}", package) for word in entry.get("start", ()))
    settings = {name: str(value) for name, value in entry.get("settings", {}).items()}
    inject, cause, status = entry.get("inject", ""), entry["cause"], entry["status"]
    return Drill(entry["name"], cause, status, settings=settings, start=start, inject=inject)


def of_stage(name: str, fault: Fault) -> Drill:
    """Return the drill of a fault in the catalogue."""
    cause = re.escape(fault.log)
    return Drill(f"{name}: {fault.about}", cause, fault.exit, settings=fault.settings)
