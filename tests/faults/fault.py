"""A fault: how it is injected, the cause that the log has to name, and the exit status."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

MOMENT = 2.0
"""Seconds until a cause is named; SLOWLY for what has to be noticed by time."""
SLOWLY = 5.0
RECLAIM = 20.0
"""The kernel first takes back what it can, and takes its time, before it kills for memory."""

CONFIG, SOFTWARE, SYSTEM = 78, 70, 71
LIVES = None
"""Instead of an exit status: the service goes on, and stops with 0 when it is asked to."""

PLAIN, CONTAINER, UNSUPERVISED = "plain", "container", "without supervisor"
PLACES = (PLAIN, CONTAINER, UNSUPERVISED)


@dataclass(frozen=True)
class Fault:
    """A fault; `cause` is a regular expression for the log, empty where nobody can be told."""

    name: str
    cause: str
    status: int | str | None
    """Of the process that was started; "any" where it says nothing."""
    code: str = ""
    on_request: bool = False
    module: str = "orders.app"
    environment: Mapping[str, str] = field(default_factory=dict)
    send: tuple[signal.Signals, ...] = ()
    """To the process that was started, when the service is live."""
    inside: bool = False
    """Send them to the process that serves, instead."""
    stage: str = ""
    """A stage that the service has to have."""
    docker: tuple[str, ...] = ()
    """Flags of `docker run`; {unreadable} is a file, {closed} a directory for root only."""
    limit: str = ":"
    """The command of a shell that sets a limit."""
    seconds: float = MOMENT
    places: tuple[str, ...] = PLACES
    unsupervised: int | str | None = "same"
    """The exit status without a supervisor, if another one."""
    before_start: tuple[signal.Signals, ...] = ()
    """The same, when it has begun to start."""
    times: int = 1
    """How many requests ask for it, at once."""
    build: str = ""
    """Another way to build the program; it has no image."""
    stop: bool = False
    """Ask it to stop once the cause is named: it goes on, but not well."""


SUPERVISED = (PLAIN, CONTAINER)


def at_import(name: str, cause: str, status: int | str | None, code: str, **more: object) -> Fault:
    return Fault(name, cause, status, code, **more)  # type: ignore[arg-type]


def on_request(name: str, cause: str, status: int | str | None, code: str, **more: object) -> Fault:
    return Fault(name, cause, status, code, on_request=True, **more)  # type: ignore[arg-type]


def setting(name: str, cause: str, **environment: str) -> Fault:
    return Fault(name, cause, CONFIG, environment=environment)
