"""A number that may be the time a program gives itself: a copy gets a thousand times as much.

Seconds are written where milliseconds are read, and a timer ends a program that has just begun.
"""

import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.phase import SIGNALLED
from scaffolder.text import quoted

from .cures import OTHER_VALUE, Cure
from .factor import Factor

OF_TIME = re.compile(
    r"(?:^|_)(?:TIME_?OUT|WATCHDOG|ALARM|DEADLINE|LIFETIME|(?:RUN|MAX|WAIT)_?TIME|GRACE|TTL|WAIT"
    r"|PATIENCE|SECONDS|SECS?|MS|MILLIS|MSEC)(?:_|$)"
)
OF_PAUSE = re.compile(
    r"(?:^|_)(?:DELAY|SLEEP|PAUSE|INTERVAL|POLL\w*|PERIOD|EVERY|BACK_?OFF|RETRY)(?:_|$)"
)
"""Names of times that a program lets pass: with more of it, a copy only does nothing for longer."""
WHOLE = re.compile(r"[1-9]\d{0,5}")
MOST, MORE = 3, 1000
ALARM = SIGNALLED + signal.SIGALRM
TIME = Cure("time", "ended-by-signal", "process", "", "", proves=False, is_exact=True)


def more_time(case: Case) -> Iterator[Factor]:
    """Give a program more time where it ended, or was ended by its own timer, over nothing else.

    Whoever waits for what never comes waits for longer, too: then the wait is the cause. So this
    is no proof.
    """
    seen = case.seen
    is_open = seen.failed_call is None and seen.gave_up is None and quiet(case)
    is_asking = any(call.is_network for call in seen.trace.calls)
    ends = case.exit_code == ALARM or (case.exit_code and is_open and not is_asking)
    if not ends or seen.cut_short or seen.asked_in_vain or seen.swallowed:
        return
    cure = TIME if case.exit_code == ALARM else replace(OTHER_VALUE, proves=False, is_exact=True)
    env = case.config.env
    times = (n for n in env if OF_TIME.search(n) and not OF_PAUSE.search(n))
    named = (name for name in times if WHOLE.fullmatch(env[name]))
    for name in islice(named, MOST):
        given = f"{name}={int(env[name]) * MORE}"
        yield Factor(
            given,
            replace(case.config, env={**env, name: str(int(env[name]) * MORE)}),
            flags=f"-e {quoted(given)}",
            cure=replace(
                cure,
                text=f"the time that {name}={env[name]} gives it is over before it is at work",
                fix=f"see in which unit the program reads {name} (seconds, milliseconds), and give"
                f" it more, such as {given}",
            ),
        )
