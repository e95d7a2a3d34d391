"""Programs that cannot be started, and processes that kill one another."""

import errno
import signal
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, inspected, seen, watched
from scaffolder.diagnose.evidence.decisive import handled_signal, has_gone_on
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced
from scaffolder.diagnose.evidence.watchdog import Watchdog, killer_of

TIME_IS_OVER = 124
"""How timeout ends then (GNU coreutils, timeout(1))."""


@cause(
    "program-not-found",
    "the program starts another one that is not in the image",
    pattern="dependencies",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["last-call", "file-missing", "unreachable", "output-in-file"],
)
def program_not_found(case: Case) -> Found | None:
    """Find a failed exec that no other place on PATH made good."""
    call = case.seen.failed_call
    if call and _is_looked_for(case, call):
        name = basename(call.path)
        return Found(
            f"the program looks for {name}, which is in no directory of PATH",
            f"install {name} in the image, or correct PATH",
            (seen(case, call), copied(case, call.path, "no such file"), ended(case)),
        )
    if call is None or not call.name.startswith("exec"):
        return None
    name = basename(call.path)
    there = resolved(case.files, call.path)
    process = case.seen.trace.processes.get(call.process)
    parent = process.name if process else "the program"
    tried = [c for c in case.seen.trace.calls if c.name.startswith("exec")]
    places = [c.path for c in tried if basename(c.path) == name and c.process == call.process]
    if there is None and call.error == errno.ENOENT:
        alone = len(set(places)) == 1
        text = f"{parent} starts {call.path if alone else name}, which does not exist"
        text += "" if alone else " in any directory of PATH"
        fix = f"install {name} in the image, or correct the path"
        shown = copied(case, call.path, "no such file")
    else:
        text = f"{parent} starts {call.path}, which cannot be executed: {call.reason}"
        fix = "chmod +x it, or install the interpreter of its #! line and its libraries"
        shown = copied(case, call.path, f"mode {there.mode:04o}" if there else call.reason)
    return Found(text, fix, (seen(case, call), shown, ended(case)))


def _is_looked_for(case: Case, call: Call) -> bool:
    """Tell whether a name was asked for in several directories of PATH, and found in none."""
    folders = case.config.env.get("PATH", "").split(":")
    name = basename(call.path)
    asked = (c for c in case.seen.trace.of(call.process) if c.error == errno.ENOENT)
    places = {c.path for c in asked if basename(c.path) == name}
    within = {place for place in places if dirname(place) in folders}
    calls = case.seen.trace.calls
    if any(c.name.startswith("exec") and not c.error and basename(c.path) == name for c in calls):
        return False  # who looks for it in one directory after the other finds it at last
    return not call.name.startswith("exec") and call.path in within and len(within) > 1


@cause(
    "killed-from-inside",
    "a process of the container kills another one",
    pattern="process",
    reads=["rerun"],
    page="exit-codes",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    explains=["ended-by-signal", "killed-from-outside", "last-call"],
    cured_by=["other-value"],
)
def killed_from_inside(case: Case) -> Found | None:
    """Find the process whose signal ended the first one, or the one that decided the end."""
    killed = case.seen.decider
    if killed is None or case.seen.asked_in_vain:  # then the signal only ends the asking
        return None
    handled = handled_signal(case.seen.trace, killed)
    number = killed.signal or (handled.number if handled else 0)
    killer = killer_of(case.seen.trace, killed, number) if number else None
    for process in filter(None, (killed, killer)):
        if process.name == "timeout" and process.status == TIME_IS_OVER:
            return _out_of_time(case, process)
    group = _to_own_group(case.seen.trace, killer or killed)
    if group:  # of which the one that decided the end may be another member
        killer = killed = killer or killed
        number = group.numbers[-1]
    if killer is None:
        return None
    end = "is killed by it" if killed.signal else f"exits with {killed.status}"
    if killer is killed:
        text = (
            f"{killed.name} (process {killed.number}) sends signal {number} to its own process"
            " group, and so to itself"
        )
        fix = "signal only the processes that it started: kill PID, not kill 0"
        sent = f"kill({group.numbers[0] if group else 0}, {number})"
    else:
        text = (
            f"{named(killer)} (process {killer.number}) kills {killed.name} (process"
            f" {killed.number}) with signal {number} ({_name(number)}); Docker does not"
        )
        fix = (
            f"find out why {named(killer)} does that: a time limit, a failed check, a wrong number"
        )
        sent = f"kill({killed.number}, {number})"
        if case.seen.watchdog:
            return _over_file(case, case.seen.watchdog, text, sent)
    return Found(
        text,
        fix,
        (
            watched(case, f"{killer.name}: {sent}\n{killed.name} {end}"),
            ended(case),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
    )


def _name(number: int) -> str:
    known = {each.value for each in signal.Signals}
    return signal.Signals(number).name if number in known else "of its own"


def named(process: Traced) -> str:
    """Return the script that a process runs, or else its program."""
    return next((word for word in process.argv[1:2] if word.startswith("/")), process.name)


def _over_file(case: Case, dog: Watchdog, text: str, sent: str) -> Found:
    """Return the answer for who kills another process as it has looked at a file."""
    path, killed = dog.look.path, case.seen.decider
    who = killed.name if killed else "that one"
    ago = (dog.look.at - dog.written.at) / 1000 if dog.written else 0.0
    state = f"wrote last {ago:.1f} s before" if dog.written else "does not write"
    look = f"{dog.killer.name}, {dog.times} times: {dog.look.words}"
    return Found(
        f"{text}, after it has looked at {path} {dog.times} times, which {who} {state}",
        f"see that {path} is as {dog.killer.name} wants it: written to often enough, by that path;"
        " or give it more time",
        (watched(case, f"{look}\n{dog.killer.name}: {sent}"), ended(case)),
    )


def _out_of_time(case: Case, killed: Traced) -> Found:
    """Return the answer for what `timeout` runs, as long as that is told to let it."""
    return Found(
        "timeout ends what it runs, because the time is over that it was given:"
        f" {' '.join(killed.argv)[:200]}",
        "leave timeout out for what has to stay up, or give it more time",
        (watched(case, f"timeout exits with {killed.status}"), ended(case)),
    )


def _to_own_group(trace: Trace, killed: Traced) -> Call | None:
    """Return how a process signalled its own group, if nothing came between that and its end."""
    for call in reversed(trace.of(killed.number)):
        if call.name == "kill" and not call.error and len(call.numbers) == 2:
            target, number = call.numbers
            ends = killed.signal in (0, number) and number > 0 and killed.failed
            return call if target in (0, -1, -killed.number) and ends else None
        if has_gone_on(call):
            return None
    return None
