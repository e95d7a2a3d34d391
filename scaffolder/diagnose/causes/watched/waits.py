"""What a program waits for that does not end, or not before something else ends the program."""

import signal
from posixpath import basename, dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, threads, watched
from scaffolder.diagnose.causes.silence.vocabulary import near
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced
from scaffolder.diagnose.evidence.waits import LOCKS, awaited, what

from .deadlocks import is_dead


@cause(
    "waits-in-call",
    "the program waits for something that does not come",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING | Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "ended-by-signal",
        "killed-from-inside",
        "killed-from-outside",
        "aborted",
        "last-call",
    ],
)
def waits_in_call(case: Case) -> Found | None:
    """Find, in a watched copy, what a process waits in.

    Either the container does not listen, or an alarm, a watchdog or a time limit ended the wait.
    Threads that all wait for each other are a deadlock, or have a limit to their wait.
    """
    if case.phase == Phase.DIED:
        return _cut_short(case)
    if any(not s.is_loopback for s in case.sockets or ()):
        return None
    # What ends a copy, such as its alarm, may not end the container's PID 1.
    call = awaited(case.seen.trace) if case.seen.trace.timed_out else case.seen.cut_short
    if call and is_dead(case):
        return None
    words = call and what(call, case.seen.trace)
    if call is None or not words:
        return None
    who = _who(case.seen.trace, call)
    told = case.seen.stuck
    other, by = _other_pipe(case, call) if call.name.startswith("open") else ("", "")
    about = f"; {other} is another pipe there, and is called nearly the same" if other else ""
    return Found(
        f"{who} waits for {words}{about}{f': {told.words}' if told else ''}",
        f"correct {by} to {basename(other)}, if that is meant; or {_advice(call)}"
        if by
        else _advice(call),
        (
            watched(case, f"{who} (process {call.process}): {call.waiting}"),
            *([threads(case, told)] if told else []),
        ),
    )


def _other_pipe(case: Case, call: Call) -> tuple[str, str]:
    """Return a pipe of nearly the same name, and the variable that has the name; or nothing."""
    folder, name = dirname(call.path), basename(call.path)
    beside = [path for path in case.files.names(folder) if dirname(path) == folder]
    pipes = [p for p in beside if (e := case.files.entry(p)) and e.kind == "other"]
    alike = next(iter(near(name, [basename(p) for p in pipes if basename(p) != name])), "")
    by = next((n for n, v in case.config.env.items() if basename(v) == name), "")
    return (join(folder, alike), by) if alike else ("", "")


def _cut_short(case: Case) -> Found | None:
    call, process = case.seen.cut_short, case.seen.decider
    if call is None or process is None:
        return None
    who = _who(case.seen.trace, call)
    return Found(
        f"{who} waits for {what(call, case.seen.trace)}, until"
        f" {_ender(case.seen.trace, process)} ends it",
        f"{_advice(call)}; what ends it only ends the wait",
        (
            watched(case, f"{who} (process {call.process}): {call.waiting}, and then its end"),
            ended(case),
        ),
    )


def _who(trace: Trace, call: Call) -> str:
    process = trace.processes.get(call.process)
    return process.name if process else "the program"


def _ender(trace: Trace, process: Traced) -> str:
    """Return what ended a process that waited, for a sentence."""
    own = (s for s in reversed(trace.signals) if s.process == process.number)
    last = next(own, None)
    number = process.signal or (last.number if last else 0)
    if not number:
        return "a thread of its own"
    if number == signal.SIGALRM:
        return "its own alarm (SIGALRM)"
    sender = trace.processes.get(last.sender) if last else None
    by = f" from {sender.name}" if sender and sender is not process else ""
    known = number in set(signal.Signals)
    return f"{signal.Signals(number).name if known else f'signal {number}'}{by}"


def _advice(call: Call) -> str:
    if call.name in LOCKS:
        return "take the lock once, with LOCK_NB and a message, and start only one that holds it"
    if call.name.startswith("open"):
        return f"start what opens the other end of {call.path}, or open it with O_NONBLOCK"
    return "give the wait a time limit and a message, and see that what it waits for comes"
