"""In which part of its life a container fails: it decides what is worth looking at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Flag, auto

from .facts import Config, Event, State

SETTLED_SECONDS = 10.0
"""After so long Docker takes a start for successful, and forgets how often it tried."""
RECENT_SECONDS = 900.0
SIGKILL = 9
SIGNALLED = 128
REQUESTS = (1, 2, 3, 10, 12, 15, 37)
"""Signals by which a stop is asked for; nginx and systemd have QUIT, WINCH and RTMIN+3."""


class Phase(Flag):
    """How far a container got."""

    CREATED = auto()
    """Never asked to start."""
    START = auto()
    """The runtime could not start it."""
    DIED = auto()
    """It ended with a status other than 0, or ends again and again."""
    FINISHED = auto()
    """It ended with 0."""
    STOPPED = auto()
    """Somebody stopped it."""
    RUNNING = auto()
    PAUSED = auto()
    IMAGE = auto()
    """An image, not a container."""

    ENDED = DIED | FINISHED
    ALL = CREATED | START | DIED | FINISHED | STOPPED | RUNNING | PAUSED | IMAGE


def phase(  # noqa: PLR0911 - one answer a line
    state: State, config: Config, events: Sequence[Event], restarts: int
) -> Phase:
    """Tell from the state, the events and the number of restarts."""
    if state.status == "paused":
        return Phase.PAUSED
    if state.status in ("created", "configured", "initialized"):
        return Phase.START if state.error or state.exit_code else Phase.CREATED
    if state.status == "restarting" or is_looping(state, events, restarts):
        return Phase.DIED
    if state.status in ("running", "stopping", "removing"):
        return Phase.RUNNING
    if state.error and state.exit_code:
        return Phase.START
    if was_stopped(state, events):
        return Phase.STOPPED
    return Phase.DIED if state.exit_code or _left(config) else Phase.FINISHED


def _left(config: Config) -> bool:
    """Tell whether it should have been started again: a daemon that is told to stop does not."""
    return config.restart == "always"


def is_looping(state: State, events: Sequence[Event], restarts: int) -> bool:
    """Tell whether a container that runs at this moment only does so between two deaths."""
    if state.status != "running" or not restarts or state.started is None:
        return False
    up = (datetime.now(UTC) - state.started).total_seconds()
    if up < SETTLED_SECONDS:
        return True
    deaths = [e for e in events if e.action in ("die", "died") and not _asked(e, events)]
    recent = datetime.now(UTC).timestamp() - RECENT_SECONDS
    return len([death for death in deaths if death.time > recent]) >= 2


def _asked(death: Event, events: Sequence[Event]) -> bool:
    before = [e for e in events if e.action == "kill" and death.time - 15 < e.time <= death.time]
    return bool(before)


def exit_code(state: State, events: Sequence[Event]) -> int:
    """Return how the last run ended, which the state of a container that runs again forgets."""
    if state.status != "running":
        return state.exit_code
    codes = [e.exit_code for e in events if e.action in ("die", "died") and e.exit_code is not None]
    return codes[-1] if codes else state.exit_code


def last_signals(events: Sequence[Event]) -> list[int]:
    """Return the signals that were sent by the engine's commands before the last death."""
    starts = [e.time for e in events if e.action in ("start", "restart")]
    began = starts[-1] if starts else 0.0
    return [e.signal for e in events if e.action == "kill" and e.signal and e.time >= began - 0.001]


def was_stopped(state: State, events: Sequence[Event]) -> bool:
    """Tell whether somebody asked it to stop, and it did."""
    signals = last_signals(events)
    code = state.exit_code
    asked = any(signal in REQUESTS for signal in signals)
    if asked and SIGKILL not in signals:
        return True
    if any(e.action == "stop" for e in events) and SIGKILL not in signals and signals:
        return True
    return not events and code in (SIGNALLED + 15, SIGNALLED + 2)
