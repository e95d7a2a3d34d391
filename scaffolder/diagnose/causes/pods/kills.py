"""Containers that were killed, restarted without a reason, or that stay after their end."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected
from scaffolder.diagnose.evidence.phase import SIGKILL, SIGNALLED, Phase
from scaffolder.diagnose.evidence.pod import NODE_SIDE, TERMINATED, Pod

from .words import pod_of, shows, told

KILLED = SIGNALLED + SIGKILL
RECENT_SECONDS = 3600.0


def _stopped_at(pod: Pod) -> float | None:
    """Return when the kubelet began to stop the chosen container, before its last run ended."""
    ending = pod.chosen.ending
    finished = ending.finished.timestamp() if ending and ending.finished else None
    note = pod.noted("Killing")
    return note.time if note and finished and note.time <= finished + 1 else None


@cause(
    "pod-stop-slow",
    "the program did not end within its grace period, and was killed",
    pattern="process",
    reads=["events", "inspect"],
    page="stop-hangs",
    explains=["pod-killed", "said-why", "pod-failed"],
)
def stop_slow(case: Case) -> Found | None:
    """Find a stop that ended with SIGKILL: the grace period was over."""
    pod, note = pod_of(case), pod_of(case).noted("Killing")
    began, ending = _stopped_at(pod), pod.chosen.ending
    if case.exit_code != KILLED or case.state.oom_killed or note is None or began is None:
        return None
    took = ending.finished.timestamp() - began if ending and ending.finished else 0.0
    hook = pod.noted("FailedPreStopHook")
    within = " (its preStop hook runs within that time, too)" if pod.chosen.grace_hook else ""
    return Found(
        f"the container {pod.chosen.name} was asked to stop, did not end within its grace period of"
        f" {pod.grace} s{within}, and was killed (137, not out of memory)",
        "handle SIGTERM in the program, run it as PID 1 (exec form, exec in a script), or raise"
        " terminationGracePeriodSeconds above preStop and what the stop takes",
        (
            told(case, note),
            *([told(case, hook)] if hook else []),
            ended(case),
            shows(case, ".spec.terminationGracePeriodSeconds", pod.grace),
        ),
        pod.replaced(),
        proven=took >= pod.grace - 1,
    )


@cause(
    "pod-killed",
    "the container was killed with SIGKILL, and not for its memory limit",
    pattern="process",
    reads=["inspect"],
    page="killed-from-outside",
    basis=Basis.HINT,
)
def killed(case: Case) -> Found | None:
    """Find a kill that nobody names: by the node's memory, or by a process."""
    if case.exit_code != KILLED or case.state.oom_killed:
        return None
    pod = pod_of(case)
    return Found(
        "the container was killed with SIGKILL (137), and the cluster does not say by whom: by a"
        " process in it, by the node, which had no memory left, or by the end of its grace period",
        "look at the node's log of that time, and at the memory that all of its pods use",
        (ended(case), inspected(case, "State.OOMKilled", _reason(pod))),
        (pod.typed("describe", "node", pod.node_name), pod.typed("top", "pod", pod.name)),
    )


def _reason(pod: Pod) -> str:
    return pod.chosen.ending.reason if pod.chosen.ending else ""


@cause(
    "pod-status-unknown",
    "the container was restarted, and the node does not know how it ended",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.DIED | Phase.RUNNING,
    explains=["said-why", "pod-killed"],
    basis=Basis.HINT,
)
def status_unknown(case: Case) -> Found | None:
    """Find a restart of the node or of its container runtime: it leaves no reason."""
    pod = pod_of(case)
    ending = pod.chosen.ending
    if ending is None or ending.reason not in NODE_SIDE:
        return None
    recent = ending.finished and (case.now - ending.finished).total_seconds() < RECENT_SECONDS
    if case.is_up and not recent:
        return None
    return Found(
        f"the node does not know how the container ended ({ending.reason}, exit code"
        f" {ending.exit_code}): the node or its container runtime was restarted",
        "look at the node's log of that time; where it happens again, the node is at fault",
        (inspected(case, "State.OOMKilled", ending.reason), ended(case)),
        (pod.typed("describe", "node", pod.node_name),),
    )


@cause(
    "pod-stays",
    "the pod was deleted long ago and is still there",
    pattern="process",
    reads=["inspect"],
    page="stop-hangs",
    when=Phase.RUNNING,
)
def stays(case: Case) -> Found | None:
    """Find a pod that a finalizer keeps, or that does not end."""
    pod = pod_of(case)
    if pod.deleted is None:
        return None
    over = all(one.status == TERMINATED for one in pod.containers)
    kept = over and pod.finalizers
    why = (
        f"the finalizer {', '.join(pod.finalizers)} keeps it"
        if kept
        else "its containers have not ended, or the node does not report it"
    )
    return Found(
        f"the pod should have been gone at {pod.deleted:%H:%M:%S}, and is still there: {why}",
        "let the controller that set the finalizer do its work; where it is gone, remove it"
        if kept
        else "look at the node; --force forgets the pod without ending what runs on the node",
        (
            shows(case, ".metadata.deletionTimestamp", pod.deleted.isoformat()),
            *([shows(case, ".metadata.finalizers", list(pod.finalizers))] if kept else []),
        ),
        (pod.described,),
        proven=bool(kept),
    )
