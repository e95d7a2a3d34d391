"""Ends that somebody asked for: stops, kills and pauses."""

import re

from scaffolder.diagnose import shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.memory.usage import killed_for_memory
from scaffolder.diagnose.evidence import ended, happened, inspected
from scaffolder.diagnose.launched import Launched
from scaffolder.diagnose.phase import SIGKILL, SIGNALLED, Phase

KILLED = SIGNALLED + SIGKILL


TERM = 15


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
