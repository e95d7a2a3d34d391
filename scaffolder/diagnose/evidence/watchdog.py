"""A process that looks at a file again and again, and then kills another one over that."""

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from .decisive import handled_signal, kills_first
from .files import SYSTEM
from .harmless import PROBES, REPORTING
from .trace import Call, Trace, Traced

KILLS = ("kill", "tkill", "tgkill")
OFTEN = 3
"""Fewer looks at a file are those of a start."""
SOON = 1500
"""In milliseconds: who kills because of a file has just looked at it."""
DEEP = 3
"""How many subshells a script looks from, with the one that starts the program."""


@dataclass(frozen=True)
class Watchdog:
    """What a process looked at before it killed another one."""

    killer: Traced
    look: Call
    """The last look."""
    times: int
    written: Call | None
    """How the one that it kills wrote that file last."""
    elsewhere: Call | None
    """How it wrote a file of that name in another directory, where it did not write this one."""


def killer_of(trace: Trace, killed: Traced, number: int) -> Traced | None:
    """Return the process whose signal ended another one, or made it end."""
    for call in reversed(trace.calls):
        if call.name not in KILLS or call.error or call.process == killed.number:
            continue
        target, sent_number = call.numbers[0], call.numbers[-1]
        to_first = killed is trace.first and kills_first(trace, call, number)
        if to_first or (sent_number == number and (target == killed.number or target <= 0)):
            return trace.processes.get(call.process)
    sent = (s for s in trace.signals if s.process == killed.number and s.number == number)
    senders = [trace.processes[s.sender] for s in sent if s.sender in trace.processes]
    return next((p for p in senders if p.number != killed.number), None)


def ended_by(trace: Trace, killed: Traced) -> Watchdog | None:
    """Return what the process looked at whose signal ended another one, or made it end itself."""
    handled = handled_signal(trace, killed)
    number = killed.signal or (handled.number if handled else 0)
    killer = killer_of(trace, killed, number) if number else None
    return watchdog(trace, killer, killed) if killer else None


def watchdog(trace: Trace, killer: Traced, killed: Traced) -> Watchdog | None:
    """Return what a process looked at, itself or by programs that it starts, before it killed."""
    until = killed.ended or 0
    looks = [*_looks(trace, killer, until)]
    last = next((c for c in reversed(looks) if until - c.at <= SOON), None)
    times = sum(c.times for c in looks if last and c.path == last.path)
    if last is None or times < OFTEN:
        return None
    own = [c for c in trace.of(killed.number) if c.writes and not c.error]
    written = next((c for c in reversed(own) if c.path == last.path), None)
    same = (c for c in reversed(own) if basename(c.path) == basename(last.path))
    return Watchdog(killer, last, times, written, None if written else next(same, None))


def _looks(trace: Trace, killer: Traced, until: int) -> Iterator[Call]:
    """Yield the calls that ask for, or read, a file that is named to a program, or by it."""
    for call in trace.calls:
        reads = PROBES.match(call.name) or (call.name.startswith("open") and not call.writes)
        if call.at > until or not call.path or not reads or call.lists:
            continue
        if call.path == "/" or SYSTEM.match(call.path) or REPORTING.search(call.path):
            continue
        process = trace.processes.get(call.process)
        is_own = call.process == killer.number
        if is_own or (process and call.given in process.argv and _is_of(trace, process, killer)):
            yield call


def _is_of(trace: Trace, process: Traced, killer: Traced) -> bool:
    """Tell whether one process started another, perhaps in a subshell."""
    parent: Traced | None = process
    for _ in range(DEEP):
        parent = trace.processes.get(parent.parent) if parent else None
        if parent is killer:
            return True
    return False
