"""Stops that were requested, and then ignored or too slow."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, happened, inspected, logged
from scaffolder.diagnose.causes.memory.usage import killed_for_memory
from scaffolder.diagnose.evidence.log_search import shape
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import SIGKILL, SIGNALLED, Phase, was_forced
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.launched import Launched

KILLED = SIGNALLED + SIGKILL


TERM = 15


@cause(
    "stop-ignored",
    "the program did not stop when asked, and was killed after the grace period",
    pattern="process",
    reads=["events", "inspect", "files"],
    page="stop-hangs",
    when=Phase.DIED | Phase.STOPPED,
)
def stop_ignored(case: Case) -> Found | None:
    """Find a stop that took SIGKILL: a shell as PID 1, or no handler for SIGTERM.

    Where the engine knows that it was stopped, this is how it stops, and not why it died.
    """
    if case.exit_code != KILLED or killed_for_memory(case):
        return None
    seen = was_forced(case.events)
    forgotten = not case.events or not any(e.action in ("kill", "die", "died") for e in case.events)
    why = _why_deaf(case)
    if not seen and not (forgotten and why):
        return None
    waited = _waited(case)
    how = (
        f"docker stop had to SIGKILL it{f' {waited:.0f} s later' if waited else ''}"
        if seen
        else (
            "a stop ends with SIGKILL after the grace period (the events of this stop are no"
            " longer available)"
        )
    )
    why = why or "it did not exit when asked to (PID 1 ignores SIGTERM, unless it handles it)"
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
    )


def _waited(case: Case) -> float:
    """Return how many seconds lay between the request to stop and SIGKILL; 0 if unknown."""
    kills = [e for e in case.events if e.action == "kill"]
    return kills[-1].time - kills[-2].time if len(kills) > 1 else 0.0


def _said_after(case: Case) -> list[str]:
    """Return what it wrote after it was first asked to stop, and had not written as well before."""
    asked = next((e.time for e in case.events if e.action == "kill" and e.signal != SIGKILL), None)
    if asked is None:
        return []
    usual: set[str] = set()
    said = []
    for line in case.lines:
        at, text = moment(line.time), line.text.strip()
        if at is None or at.timestamp() < asked - 0.05:
            usual.add(shape(text))
        elif text and shape(text) not in usual:
            said.append(text)
    return said


@cause(
    "stop-slow",
    "the program was still shutting down when the grace period ended",
    pattern="process",
    reads=["events", "logs", "inspect"],
    page="stop-hangs",
    when=Phase.STOPPED,
    explains=["stop-ignored"],
)
def stop_slow(case: Case) -> Found | None:
    """Find a program that handled the signal, logged it, and needed longer than it was given."""
    said = _said_after(case) if was_forced(case.events) and case.exit_code == KILLED else []
    if not said or killed_for_memory(case):
        return None
    smart = any("smart shutdown" in line for line in said)
    advice = (
        "let Postgres disconnect its clients on stop: STOPSIGNAL SIGINT (stop_signal: SIGINT)"
        if smart
        else "give it more time: docker stop --time 60 (stop_grace_period: 60s in compose)"
    )
    waits = ", because on SIGTERM Postgres waits for its clients to disconnect" if smart else ""
    return Found(
        f"it began to shut down when docker stop asked it to, but had not finished when the grace"
        f" period ended{waits}; Docker then killed it (137, not out of memory): {said[-1][:160]}",
        f"{advice}; find out what it waits for: connections, running jobs, a lock",
        (
            happened(case, f"kill signals {case.signals}, die 137, stop"),
            logged(case, "\n".join(said[-3:])),
            inspected(case, "State.OOMKilled", "false"),
        ),
        ("docker stop --time 60 ...",),
        proven=True,
    )


def _why_deaf(case: Case) -> str:
    """Return why PID 1 does not forward SIGTERM; empty if unknown."""
    first = case.launched[0] if case.launched else None
    if first is None or case.config.init or case.config.argv[0].endswith(("tini", "dumb-init")):
        return ""
    if first.script is None or first.script.language != "sh":
        return ""
    commands = shell.commands(first.script.text)
    handled = re.search(r"^[^\S\n]*trap\s", first.script.text, re.MULTILINE)
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
    "stopping-hangs",
    "it was asked to stop and is still running",
    pattern="process",
    reads=["events", "live"],
    page="stop-hangs",
    when=Phase.RUNNING,
)
def stopping_hangs(case: Case) -> Found | None:
    """Find a running container that ignored SIGTERM."""
    if TERM not in case.signals or case.phase != Phase.RUNNING:
        return None
    why = _why_deaf(case) or "PID 1 has no handler for SIGTERM, or does not finish"
    return Found(
        f"it was asked to stop (SIGTERM) and is still running: {why}",
        "use the exec form or `exec` in the script, handle SIGTERM, or run with --init; docker"
        " kill ends it now",
        (
            happened(case, "kill signal=15, no die since"),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=True,
    )
