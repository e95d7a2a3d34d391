"""Less common signals: blocked system calls, pipes, timers."""

import signal
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, happened, inspected
from scaffolder.diagnose.causes.identity.capabilities import options
from scaffolder.diagnose.causes.reaching.asked import host_asked
from scaffolder.diagnose.causes.reaching.obstacles import named_in
from scaffolder.diagnose.causes.reaching.peers import Peer, known_among, peers
from scaffolder.diagnose.causes.shells.script import scripts
from scaffolder.diagnose.evidence.phase import SIGNALLED, Phase
from scaffolder.diagnose.programs import shell
from scaffolder.text import quoted

from .traces import first_words


@cause(
    "forbidden-call",
    "the seccomp profile blocks a system call",
    pattern="permissions",
    reads=["inspect"],
    page="check-program-by-itself",
    explains=["ended-by-signal"],
    cured_by=["seccomp"],
)
def forbidden_call(case: Case) -> Found | None:
    """Find SIGSYS."""
    says = case.said(r"bad system call|SIGSYS")
    if case.exit_code != SIGNALLED + signal.SIGSYS and not says:
        return None
    return Found(
        "the program made a system call that the seccomp profile blocks: SIGSYS (159)",
        "use a profile that allows it (--security-opt seccomp=PROFILE); a newer Docker allows"
        " newer calls",
        (ended(case), inspected(case, "HostConfig.SecurityOpt", options(case))),
        proven=any("seccomp" in option for option in case.config.security),
    )


LAST = 5
"""How many of its last lines may name whom it was connected to."""
CRASHES = {
    signal.SIGFPE: "divided by zero in native code",
    signal.SIGTRAP: "hit a trap: a compiler's check or an assertion failed",
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
    cured_by=["time"],
)
def ended_by_signal(case: Case) -> Found | None:
    """Find the less common signals, by the exit code."""
    number = case.exit_code - SIGNALLED
    if number not in CRASHES or case.seen.asked_in_vain:  # then it only ends the asking
        return None
    name = signal.Signals(number).name
    sent = number in case.signals
    return Found(
        f"the program {CRASHES[signal.Signals(number)]}: {name} (exit code {case.exit_code})"
        + ("; it was sent by docker kill" if sent else ""),
        f"handle {name} in the program, or find what sends it",
        (
            ended(case),
            first_words(case),
            *((happened(case, f"kill signal={number}"),) if sent else ()),
        ),
        proven=sent,
    )


@cause(
    "connection-closed",
    "the program wrote to a connection that its peer had closed, and SIGPIPE ended it",
    pattern="network",
    reads=["inspect", "neighbours", "rerun"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ended-by-signal", "peer-refuses", "peer-unreachable-silent", "last-call"],
)
def connection_closed(case: Case) -> Found | None:
    """Find SIGPIPE in a program that holds a connection to a neighbour which ran on."""
    if case.exit_code != SIGNALLED + signal.SIGPIPE or signal.SIGPIPE in case.signals:
        return None
    lacked = (case.seen.lacked,) if case.seen.lacked else ()
    calls = (call for call in (*lacked, *case.seen.trace.calls) if call.is_network)
    # A copy that runs on, since nobody closes anything there, tells of no peer: the settings do.
    named = () if _has_pipe(case) else [peer.host for peer in (*_said(case), *peers(case))]
    asked = (*(host_asked(case, call) for call in calls), *named)
    host, other = next(known_among(case, asked), ("", None))
    if other is None:
        return None
    return Found(
        "SIGPIPE ended the program: it wrote to a connection that was closed at the other end,"
        f" that of {host}, which runs: servers close what is idle for a while",
        "ignore SIGPIPE (signal(SIGPIPE, SIG_IGN), or send() with MSG_NOSIGNAL), and connect again"
        f" where a write fails; {host} has a time limit for idle connections: write more often",
        (
            ended(case),
            Evidence("neighbours", f"docker inspect {quoted(other.name)}", other.status),
        ),
        (f"docker logs --tail 50 {quoted(other.name)}",),
    )


def _said(case: Case) -> Iterator[Peer]:
    """Yield whom its last lines name, the last one first."""
    lines = (line.text for line in reversed(case.log.lines[-LAST:]))
    yield from filter(None, (named_in(case, line) for line in lines))


def _has_pipe(case: Case) -> bool:
    """Tell whether a script of its own connects commands by a pipe, which is closed as well."""
    return any(c.end == "|" for script in scripts(case) for c in shell.commands(script.text))
