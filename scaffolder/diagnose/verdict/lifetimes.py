"""How long copies live: as long as the container did, within a bound."""

import math
import time
from collections.abc import Callable

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Trace

LONGEST_SECONDS = 8.0
"""How long a copy is watched that does not end."""
SLACK = 1.5
"""How many seconds longer than the watched copy, which the tracer slows down, others live."""
LONGEST_LIFE = 16.0
"""How long a container may have lived for copies to live as long."""
BUDGET_SECONDS = 45.0
"""For how long copies are made of one container."""
LONGEST_TRIED = 60.0
"""How long for one copy to be watched: what ends late is seen there, if it comes again.

Others follow only if that one ends sooner.
"""
CONNECTS = (125.0, 140.0)
"""For how many seconds Linux tries to connect to whom no packet reaches: 127 with its usual 6
retries (tcp_syn_retries in tcp(7)), and some more for timers that are put together."""


def lived(case: Case) -> float:
    """Return how long the longest known run of a container took, in seconds.

    What it makes in its first run, the next ones may find: a copy begins as the first did.
    """
    began, longest = 0.0, case.state.seconds
    for event in case.events:
        if event.action == "start":
            began = event.time
        elif event.action == "die" and began:
            longest = max(longest, event.time - began)
    return longest


def last_life(case: Case) -> float:
    """Return how long the last run took that is over, in seconds.

    A container that is restarted again and again may be in the next one, which has just begun.
    """
    if case.state.status != "running":
        return case.state.seconds
    ends = [event.time for event in case.events if event.action in ("die", "died")]
    before = [e.time for e in case.events if e.action == "start" and ends and e.time <= ends[-1]]
    return ends[-1] - before[-1] if before else case.state.seconds


def window(case: Case) -> float:
    """Return how long a copy has to live to count as cured, in seconds.

    That is longer than the watched copy took to its end: the machine may be busier now than when
    the container ran.
    """
    first = case.seen.trace.first
    took = (first.ended or 0) / 1000 if first else 0.0
    return max(min(lived(case), LONGEST_LIFE) * 1.5 + 2.0, min(took, LONGEST_LIFE) + SLACK)


def watched_for(case: Case) -> float:
    """Return for how many seconds a copy is watched: it is slower, and shows why it ends."""
    if not case.phase & Phase.ENDED:
        return LONGEST_SECONDS
    life = last_life(case)
    longer = life * 1.5 + 2.0 if LONGEST_LIFE < life <= LONGEST_TRIED else 0.0
    return max(window(case), longer, LONGEST_SECONDS)


def is_slow(case: Case, trace: Trace | None) -> bool:
    """Tell whether a container lived too long for more copies, and a watched one does as well."""
    first = trace.first if trace else None
    took = math.inf if first is None or first.ended is None else first.ended / 1000
    return min(last_life(case), took) > LONGEST_LIFE


def is_short(case: Case) -> bool:
    """Tell whether a copy is likely to end in time as the container did.

    A connection that nobody answers takes longer, and fails at once without a network.
    """
    life = last_life(case)
    return life <= LONGEST_TRIED or CONNECTS[0] < life < CONNECTS[1]


def untried(case: Case) -> str:
    """Return why no copy is run; empty if copies are."""
    if not case.phase & (Phase.ENDED | Phase.RUNNING):
        return "reruns: only a container that was started can be rerun"
    life = last_life(case)
    if case.phase & Phase.ENDED and not is_short(case):
        return f"reruns: it lived for {life:.0f} s, longer than a copy may run"
    return ""


def limited() -> Callable[[], bool]:
    """Return what tells whether the time for copies that begins now is over."""
    began = time.monotonic()
    return lambda: time.monotonic() - began > BUDGET_SECONDS
