"""Kills from outside, and pauses."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, happened, inspected
from scaffolder.diagnose.causes.memory.usage import killed_for_memory
from scaffolder.diagnose.evidence.phase import SIGKILL, SIGNALLED, Phase

KILLED = SIGNALLED + SIGKILL


@cause(
    "killed-from-outside",
    "it was killed with SIGKILL and was not out of memory",
    pattern="process",
    reads=["events", "inspect"],
    page="killed-from-outside",
    basis=Basis.HINT,
)
def killed_from_outside(case: Case) -> Found | None:
    """Find docker kill, or a kill from the host."""
    if case.exit_code != KILLED or killed_for_memory(case):
        return None
    seen = SIGKILL in case.signals
    by = (
        "with docker kill"
        if seen
        else (
            "by docker kill, by docker stop after its grace period, or by a process on the host"
            " (which one is no longer known)"
        )
    )
    died = any(e.action in ("die", "died") for e in case.events)
    if died and not seen:
        by = "by a process on the host or in the container, not by Docker"
    return Found(
        f"killed from outside {by}: SIGKILL (137); it was not out of memory",
        "find what kills it: a job, a deployment, a watchdog or a person; docker events shows"
        " `kill` with its signal",
        (
            happened(case, "kill signal=9") if seen else ended(case),
            inspected(case, "State.OOMKilled", "false"),
            inspected(case, "HostConfig.Memory", case.config.memory),
        ),
        ("docker events --filter event=kill --filter event=die",),
        proven=seen,
    )


@cause("paused", "the container is paused", pattern="process", reads=["inspect"], when=Phase.PAUSED)
def paused(case: Case) -> Found | None:
    """Find a frozen container."""
    return Found(
        "the container is paused (docker pause), so it does not answer",
        "docker unpause it",
        (inspected(case, "State.Status", "paused"),),
        (f"docker unpause {case.target}",),
        proven=True,
    )
