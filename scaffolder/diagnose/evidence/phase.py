"""At which point of its life a container fails, which decides what is worth checking."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import Flag, auto

from .config import Config
from .facts import Event, Log, State

SETTLED_SECONDS = 10.0
"""After this time Docker considers a start successful, and resets its count of restarts."""
RECENT_SECONDS = 900.0
OUTLIVED = 3.0
"""A run this many times longer than those that failed has overcome what ended them."""
SIGKILL = 9
SIGNALLED = 128
TERM = 15
REQUESTS = (2, 3, TERM, 37)
"""Signals that request a stop; nginx and systemd use QUIT and RTMIN+3."""
GRACE_SECONDS = 15.0
"""A program that ends this long after the request ends for another reason."""

REFUSAL = re.compile(
    r"^(?:standard_init_linux\.go:\d+: )?(?:exec (?:user process caused|container process)"
    r"|exec /?\S.*: (?:no such file or directory|exec format error|permission denied"
    r"|argument list too long|text file busy|input/output error|is a directory|not a directory"
    r"|too many levels of symbolic links|operation not permitted|invalid argument"
    r"|cannot allocate memory)$)|^\[FATAL tini|^.*: exec .* failed: ",
    re.IGNORECASE,
)
"""How a line of the runtime begins, as opposed to the program's."""


class Phase(Flag):
    """How far a container got."""

    CREATED = auto()
    """Never asked to start."""
    START = auto()
    """The runtime could not start it."""
    DIED = auto()
    """It exited with a status other than 0, or keeps exiting."""
    FINISHED = auto()
    """It exited with 0."""
    STOPPED = auto()
    """It was stopped on purpose."""
    RUNNING = auto()
    PAUSED = auto()
    IMAGE = auto()
    """An image, not a container."""

    ENDED = DIED | FINISHED
    ALL = CREATED | START | DIED | FINISHED | STOPPED | RUNNING | PAUSED | IMAGE


def phase(  # noqa: PLR0911 - one answer per line
    state: State, config: Config, events: Sequence[Event], restarts: int, now: datetime
) -> Phase:
    """Return the phase from the state, the events and the number of restarts at `now`."""
    if state.status == "paused":
        return Phase.PAUSED
    if state.status in ("created", "configured", "initialized"):
        # Podman keeps no error; that it cleaned up is all that it tells of a failed start.
        failed = any(event.action == "cleanup" for event in events)
        return Phase.START if state.error or state.exit_code or failed else Phase.CREATED
    if state.status == "restarting" or is_looping(state, events, restarts, now):
        return Phase.DIED
    if state.status in ("running", "stopping", "removing"):
        return Phase.RUNNING
    if state.error and state.exit_code:
        return Phase.START
    if was_stopped(state, events) or _is_left(state, config, events, restarts):
        return Phase.STOPPED
    stays = config.restart == "always"
    return Phase.DIED if state.exit_code or stays else Phase.FINISHED


def may_be_refused(found: Phase, engine: str) -> bool:
    """Tell whether the runtime may have refused a start of which nothing is left.

    Podman keeps no error, and does not always say that it cleaned up: then only a program that
    cannot be started tells such a container from one that was never to start.
    """
    return found == Phase.CREATED and engine == "podman"


def _is_left(state: State, config: Config, events: Sequence[Event], restarts: int) -> bool:
    """Tell whether a container stays down that the engine would restart if it was not stopped.

    Only if the events of its end are forgotten; one that was restarted often may have been stopped
    for that reason.
    """
    forgotten = not any(e.action in ("die", "died") for e in _last_run(events))
    served = state.seconds >= SETTLED_SECONDS and not restarts
    kept = config.must_stay or (config.restart == "on-failure" and state.exit_code != 0)
    return kept and forgotten and served and not state.oom_killed


def is_looping(state: State, events: Sequence[Event], restarts: int, now: datetime) -> bool:
    """Tell whether a container runs at this moment only between two deaths."""
    if state.status != "running" or not restarts or state.started is None:
        return False
    up = (now - state.started).total_seconds()
    if up < SETTLED_SECONDS:
        return True
    recent = now.timestamp() - RECENT_SECONDS
    deaths = [e for e in events if e.action in ("die", "died") and not _asked(e, events)]
    lived = [_lived(death, events) for death in deaths if death.time > recent]
    return len(lived) >= 2 and up < OUTLIVED * max(lived)


def in_doubt(state: State, events: Sequence[Event], restarts: int, now: datetime) -> float:
    """Return for how many seconds it stays open whether a restarted container is up for good.

    That is so where it runs for longer than any run before, and not yet long. 0 where it is clear.
    """
    if state.status != "running" or not restarts or state.started is None:
        return 0.0
    up = (now - state.started).total_seconds()
    lived = [_lived(e, events) for e in events if e.action in ("die", "died")]
    is_longer = bool(lived) and up > OUTLIVED * max(lived) + 1
    return max(SETTLED_SECONDS - up, 0.0) if is_longer else 0.0


def _lived(death: Event, events: Sequence[Event]) -> float:
    """Return how long a run lasted."""
    starts = [e.time for e in events if e.action in ("start", "restart") and e.time <= death.time]
    return death.time - max(starts) if starts else SETTLED_SECONDS


def runs(state: State, events: Sequence[Event]) -> list[float]:
    """Return how long each run lasted that is over, as far as is known, the latest last."""
    deaths = [e for e in events if e.action in ("die", "died")]
    begun = [e.time for e in events if e.action in ("start", "restart")]
    known = [_lived(death, events) for death in deaths if begun and begun[0] <= death.time]
    return known or [state.seconds]


def _asked(death: Event, events: Sequence[Event]) -> bool:
    before = [e for e in events if e.action == "kill" and death.time - 15 < e.time <= death.time]
    return bool(before)


def exit_code(state: State, events: Sequence[Event]) -> int:
    """Return the exit code of the last run; a container that runs again loses it in its state."""
    if state.status != "running":
        return state.exit_code
    codes = [e.exit_code for e in events if e.action in ("die", "died") and e.exit_code is not None]
    return codes[-1] if codes else state.exit_code


def last_signals(events: Sequence[Event]) -> list[int]:
    """Return the signals that were sent by the engine's commands before the last death."""
    return [e.signal for e in _last_run(events) if e.action == "kill" and e.signal]


def was_stopped(state: State, events: Sequence[Event]) -> bool:
    """Tell whether it was asked to stop, and did.

    A signal with another meaning for a program, such as HUP to reload its settings, counts only if
    it ended the program.
    """
    code = state.exit_code
    if not events:
        return code in (SIGNALLED + TERM, SIGNALLED + 2)
    signals = last_signals(events)
    if SIGKILL in signals or not signals:
        return code == SIGNALLED + SIGKILL and not state.oom_killed and was_forced(events)
    last = _last_run(events)
    if any(e.action == "stop" for e in last) or code == SIGNALLED + signals[-1]:
        return True
    asked = [e.time for e in last if e.action == "kill" and e.signal in REQUESTS]
    died = next((e.time for e in last if e.action in ("die", "died")), None)
    return bool(asked) and (died is None or died - asked[-1] < GRACE_SECONDS)


def was_forced(events: Sequence[Event]) -> bool:
    """Tell whether a stop was requested, and SIGKILL had to follow: docker stop does that.

    The engine forgets its events one by one: the stop itself is the last to go.
    """
    signals = last_signals(events)
    if SIGKILL not in signals:
        return False
    asked = any(number in REQUESTS for number in signals[: signals.index(SIGKILL)])
    return asked or events[-1].action == "stop"


def _last_run(events: Sequence[Event]) -> list[Event]:
    starts = [e.time for e in events if e.action in ("start", "restart")]
    began = starts[-1] if starts else 0.0
    return [e for e in events if e.time >= began - 0.001]


def refusal(state: State, log: Log) -> str:
    """Return the runtime's error if it could not start the program; empty if it could."""
    if state.error:
        return state.error
    said = [line.text for line in log.lines if line.text.strip()]
    last = said[-1] if said else ""
    return last if REFUSAL.match(last) else ""
