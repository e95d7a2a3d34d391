"""Ends by a signal: crashes of native code, kills from outside, and stops that were not heeded."""

import re
import signal
from posixpath import basename

from scaffolder.diagnose import elf, shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import (
    Evidence,
    content,
    ended,
    happened,
    inspected,
    logged,
    nothing_logged,
)
from scaffolder.diagnose.phase import SIGKILL, SIGNALLED, Phase
from scaffolder.diagnose.program import Program
from scaffolder.diagnose.scripts import Launched
from scaffolder.diagnose.sources.files import PROGRAM
from scaffolder.diagnose.sources.kernel import crash_at

from .memory import killed_for_memory

KILLED = SIGNALLED + SIGKILL
TERM = 15


def crashed(case: Case) -> Program | None:
    """Return the native program that crashed, most likely the last that is started."""
    found = [f.program for f in case.launched if f.program and f.program.elf and f.program.entry]
    return found[-1] if found else None


def kernel_words(case: Case, program: Program | None) -> list[Evidence]:
    """Return what the kernel logged of the crash."""
    names = {basename(word) for word in case.config.argv[:1]}
    if program:
        names |= {program.name, basename(program.entry.path) if program.entry else ""}
    found = crash_at(case.kernel, case.state.finished, names)
    return [Evidence("kernel", "dmesg | grep -E 'segfault|traps'", found.text)] if found else []


def first_words(case: Case) -> Evidence:
    """Show the end of the log, or that it is empty."""
    lines = [line.text for line in case.lines if line.text.strip()]
    return logged(case, "\n".join(lines[-3:])) if lines else nothing_logged(case)


@cause(
    "aborted",
    "the program called abort()",
    pattern="process",
    reads=["inspect", "files", "kernel", "logs"],
    page="exit-codes",
    when=Phase.DIED,
    weight=66,
)
def aborted(case: Case) -> Found | None:
    """Find an abort: 134, or 139 as process 1, which the kernel shields from SIGABRT."""
    program = crashed(case)
    data = _data(case, program)
    words = kernel_words(case, program)
    trapped = any("general protection" in w.found or "invalid opcode" in w.found for w in words)
    segfault = any("segfault" in w.found for w in words)
    can = bool(program and program.elf and elf.aborts(data, program.elf))
    as_first = case.exit_code == SIGNALLED + signal.SIGSEGV and can and not segfault
    if case.exit_code != SIGNALLED + signal.SIGABRT and not as_first:
        return None
    says = case.said(
        r"[^\n]*(?:assert|terminate called|abort|fatal|panicked|double free|corrupt"
        r"|stack smashing)[^\n]*"
    )
    name = program.path if program else "the program"
    text = (
        f"{name} calls abort(): it gave up on itself at a failed check (assertion, panic, heap"
        " corruption)"
    )
    if as_first:
        text += (
            "; as process 1 the SIGABRT is ignored by the kernel, and libc ends in a trap, so"
            " that the exit code is 139 and not 134"
        )
    reason = f": {case.line(says)[:200]}" if says else ""
    return Found(
        text + reason,
        "find the failed assertion or panic: run it under a debugger, with RUST_BACKTRACE=1, or a"
        " build with symbols",
        (
            ended(case),
            *words,
            logged(case, says) if says else first_words(case),
            *((content(case, program.path, "has abort()"),) if program and can else ()),
        ),
        proven=trapped and can,
    )


def _data(case: Case, program: Program | None) -> bytes:
    if program is None or program.entry is None:
        return b""
    return case.files.content(program.entry.path, PROGRAM) or b""


@cause(
    "segfault",
    "native code crashed with SIGSEGV",
    pattern="process",
    reads=["inspect", "files", "kernel", "logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=62,
)
def segfault(case: Case) -> Found | None:
    """Find a segmentation fault."""
    if case.exit_code != SIGNALLED + signal.SIGSEGV and not (
        case.exit_code == 11 and case.said("segmentation fault")
    ):
        return None
    program = crashed(case)
    words = kernel_words(case, program)
    says = case.said(r"[^\n]*(?:segmentation fault|SIGSEGV|signal 11|Fatal Python error)[^\n]*")
    name = program.path if program else "the program"
    return Found(
        f"{name} crashed with SIGSEGV (segmentation fault, 139): native code used memory that is"
        " not its own",
        "debug the native crash: core dump and gdb; PYTHONFAULTHANDLER=1 or catchsegv shows"
        " where; check versions of native modules",
        (ended(case), *words, logged(case, says) if says else first_words(case)),
        proven=any("segfault" in w.found for w in words),
    )


@cause(
    "illegal-instruction",
    "the program uses an instruction that this processor does not have",
    pattern="image",
    reads=["inspect", "files", "kernel", "live"],
    page="check-program-file",
    when=Phase.DIED,
    weight=68,
)
def illegal_instruction(case: Case) -> Found | None:
    """Find SIGILL: a build for a newer processor, or a trap that the compiler put in."""
    says = case.said(r"illegal instruction|SIGILL|CPU (?:does not|doesn't) support|x86-64-v[234]")
    if case.exit_code != SIGNALLED + signal.SIGILL and not says:
        return None
    program = crashed(case)
    lacks = [
        f
        for f in ("avx", "avx2", "bmi2", "avx512f")
        if case.host.flags and f not in case.host.flags
    ]
    about = f" (this processor lacks {', '.join(lacks)})" if lacks else ""
    name = program.path if program else "the program"
    return Found(
        f"{name} uses CPU instructions that this host's processor lacks: SIGILL (132){about}; it"
        " was built for a newer processor",
        "build for a lower baseline (x86-64-v2; no -march=native or target-cpu=native), or run on"
        " a newer processor",
        (
            ended(case),
            *kernel_words(case, program),
            first_words(case),
            Evidence(
                "live",
                "grep -m1 flags /proc/cpuinfo",
                f"lacks {', '.join(lacks) or 'none of avx, avx2, avx512f'}",
            ),
        ),
    )


@cause(
    "forbidden-call",
    "a system call is forbidden by the seccomp profile",
    pattern="permissions",
    reads=["inspect"],
    page="check-program-by-itself",
    when=Phase.DIED,
    weight=70,
)
def forbidden_call(case: Case) -> Found | None:
    """Find SIGSYS."""
    says = case.said(r"bad system call|SIGSYS")
    if case.exit_code != SIGNALLED + signal.SIGSYS and not says:
        return None
    return Found(
        "the program made a system call that the seccomp profile forbids: SIGSYS (159)",
        "use a profile that allows it (--security-opt seccomp=PROFILE); a newer Docker knows"
        " newer calls",
        (ended(case), inspected(case, "HostConfig.SecurityOpt", list(case.config.security))),
        proven=any("seccomp" in option for option in case.config.security),
    )


CRASHES = {
    signal.SIGFPE: "divided by zero in native code",
    signal.SIGTRAP: "hit a trap: a failed check of the compiler's or an assertion",
    signal.SIGPIPE: "wrote to a pipe or connection whose reader is gone",
    signal.SIGALRM: "was ended by its own timer (alarm)",
    signal.SIGHUP: "was ended by SIGHUP, which a reload or a closed terminal sends",
    signal.SIGUSR1: "got SIGUSR1 and has no handler for it",
    signal.SIGUSR2: "got SIGUSR2 and has no handler for it",
    signal.SIGQUIT: "was ended by SIGQUIT",
}


@cause(
    "ended-by-signal",
    "a signal ended the program",
    pattern="process",
    reads=["inspect", "events"],
    page="exit-codes",
    when=Phase.DIED,
    weight=60,
)
def ended_by_signal(case: Case) -> Found | None:
    """Find the less common signals, by the exit code."""
    number = case.exit_code - SIGNALLED
    if number not in CRASHES:
        return None
    name = signal.Signals(number).name
    sent = number in case.signals
    return Found(
        f"the program {CRASHES[signal.Signals(number)]}: {name} (exit code {case.exit_code})"
        + ("; it was sent by docker kill" if sent else ""),
        f"handle {name} in the program, or find who sends it",
        (
            ended(case),
            first_words(case),
            *((happened(case, f"kill signal={number}"),) if sent else ()),
        ),
        proven=sent,
    )


def stop_signals(case: Case) -> bool:
    """Tell whether a stop was asked for, and SIGKILL had to follow."""
    return SIGKILL in case.signals and len(case.signals) > 1 and case.signals[0] != SIGKILL


@cause(
    "stop-ignored",
    "the program did not stop when asked, and was killed after the grace period",
    pattern="process",
    reads=["events", "inspect", "files"],
    page="stop-hangs",
    when=Phase.DIED,
    weight=88,
)
def stop_ignored(case: Case) -> Found | None:
    """Find a stop that took SIGKILL: a shell as process 1, or no handler for SIGTERM."""
    if case.exit_code != KILLED or killed_for_memory(case):
        return None
    seen = stop_signals(case)
    forgotten = not case.events or not any(e.action in ("kill", "die", "died") for e in case.events)
    why = _why_deaf(case)
    if not seen and not (forgotten and why):
        return None
    how = (
        "docker stop had to SIGKILL it after the grace period"
        if seen
        else (
            "a stop ends with SIGKILL after the grace period (the events of this end are no"
            " longer known)"
        )
    )
    why = why or (
        "as process 1 it has no handler for SIGTERM, and the kernel then ignores the signal, or"
        " it takes longer than the grace period"
    )
    return Found(
        f"{why}: {how} (137, not out of memory)",
        'use the exec form (CMD ["/app/server"]) or `exec` in the script, handle SIGTERM, or run'
        " with --init",
        (
            happened(case, f"kill signals {case.signals}, die 137, stop") if seen else ended(case),
            inspected(case, "State.OOMKilled", "false"),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        ("docker run --init ...",),
        proven=seen,
        weight=None if seen else 64,
    )


def _why_deaf(case: Case) -> str:
    """Tell why process 1 does not pass SIGTERM on; empty if that is not known."""
    first = case.launched[0] if case.launched else None
    if first is None or case.config.init or case.config.argv[0].endswith(("tini", "dumb-init")):
        return ""
    if first.script is None or first.script.language != "sh":
        return ""
    commands = shell.commands(first.script.text)
    handled = re.search(r"^\s*trap\s", first.script.text, re.MULTILINE)
    programs = [f for f in case.launched[1:] if f.name not in {"sleep", "tail"}]
    if (
        handled
        or not commands
        or any(
            c.name == "exec" and len(c.words) > 1 and not c.words[1].startswith((">", "<"))
            for c in commands[-1:]
        )
    ):
        return ""
    if not first.script.path and len(commands) == 1:
        return ""  # most shells exec the only command of -c
    if not programs:
        return ""
    where = first.script.path or "the shell-form command"
    return (
        f"PID 1 is a shell ({case.config.argv[0]}: {where}), which does not forward SIGTERM to"
        f" {_names(programs)}"
    )


def _names(programs: list[Launched]) -> str:
    return ", ".join(dict.fromkeys(f.argv[0] for f in programs[:2]))


@cause(
    "killed-from-outside",
    "somebody killed it with SIGKILL; it was not out of memory",
    pattern="process",
    reads=["events", "inspect"],
    page="killed-from-outside",
    when=Phase.DIED,
    weight=58,
)
def killed_from_outside(case: Case) -> Found | None:
    """Find docker kill, or a kill of the host's."""
    if case.exit_code != KILLED or killed_for_memory(case):
        return None
    seen = SIGKILL in case.signals
    by = (
        "with docker kill (or a stop's end)"
        if seen
        else (
            "by docker kill, by docker stop after its grace period, or by a process of the host;"
            " which is no longer known"
        )
    )
    died = any(e.action in ("die", "died") for e in case.events)
    if died and not seen:
        by = "by a process of the host or of the container, not by docker"
    return Found(
        f"killed from outside {by}: SIGKILL (137); it was not out of memory",
        "find who kills it: docker events shows `kill` with its signal; a job, a deployment, a"
        " watchdog or a person",
        (
            happened(case, "kill signal=9") if seen else ended(case),
            inspected(case, "State.OOMKilled", "false"),
            inspected(case, "HostConfig.Memory", case.config.memory),
        ),
        ("docker events --filter event=kill --filter event=die",),
        proven=seen,
    )


@cause(
    "stopping-hangs",
    "it was asked to stop, and still runs",
    pattern="process",
    reads=["events", "live"],
    page="stop-hangs",
    when=Phase.RUNNING,
    weight=60,
)
def stopping_hangs(case: Case) -> Found | None:
    """Find a running container that ignored SIGTERM."""
    if TERM not in case.signals or case.phase != Phase.RUNNING:
        return None
    why = _why_deaf(case) or "process 1 has no handler for SIGTERM, or does not come to its end"
    return Found(
        f"it was asked to stop (SIGTERM) and still runs: {why}",
        "use the exec form or `exec` in the script, handle SIGTERM, or run with --init; docker"
        " kill ends it now",
        (
            happened(case, "kill signal=15, no die since"),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=True,
    )


@cause(
    "paused",
    "somebody paused it",
    pattern="process",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.PAUSED,
    weight=90,
)
def paused(case: Case) -> Found | None:
    """Find a frozen container."""
    return Found(
        "the container is paused: somebody froze it with docker pause, so it does not answer",
        "docker unpause it",
        (inspected(case, "State.Status", "paused"),),
        (f"docker unpause {case.target}",),
        proven=True,
    )
