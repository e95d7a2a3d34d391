"""How a pod's container ended, and who ended it."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, logged
from scaffolder.diagnose.evidence.phase import Phase

from .words import one_line, pod_of, shows, told

EVICTIONS = (
    (r"low on resource: memory", "the node was short of memory",
     ("set requests.memory to what it needs: the kubelet first evicts pods that use more than they"
     " request")),
    (r"EmptyDir volume|ephemeral|disk|inodes|nodefs|imagefs",
     "too much was written to the node's disk",
     ("write less into emptyDir volumes, the log and the root filesystem, or raise sizeLimit and"
     " limits.ephemeral-storage")),
    (r"PIDPressure|low on resource: pids", "the node was short of process ids",
     "find the pod that starts so many processes, and limit it"),
)  # fmt: skip


@cause(
    "pod-evicted",
    "the kubelet evicted the pod, for what the node was short of",
    pattern="memory",
    reads=["inspect", "events"],
    page="check-resources",
    when=Phase.DIED,
    explains=["pod-killed", "said-why", "pod-failed", "oom-killed"],
)
def evicted(case: Case) -> Found | None:
    """Find an eviction: what was short is in the message."""
    pod = pod_of(case)
    if pod.reason != "Evicted":
        return None
    said = one_line(pod.message)
    _, why, fix = next(
        (row for row in EVICTIONS if re.search(row[0], said, re.IGNORECASE)),
        ("", "the node was short of something", "do what the message says"),
    )
    note, target = pod.noted("Evicted"), pod.condition("DisruptionTarget")
    own = re.search(r"EmptyDir volume \"([^\"\n]+)\"|exceeds", said)
    return Found(
        f"the kubelet evicted the pod: {why}: {said}",
        fix,
        (
            shows(case, ".status.message", said),
            *([told(case, note)] if note else []),
            *([_disruption(case, target.reason)] if target else []),
        ),
        pod.setting("resources", "--requests=memory=...") if not own else pod.replaced(),
        proven=bool(note or target),
    )


def _disruption(case: Case, reason: str) -> Evidence:
    return shows(case, '.status.conditions[?(@.type=="DisruptionTarget")].reason', reason)


@cause(
    "pod-failed",
    "the cluster ended the pod",
    pattern="process",
    reads=["inspect", "events"],
    page="check-status-and-logs",
    when=Phase.DIED,
    explains=["pod-killed", "said-why"],
    basis=Basis.INFERRED,
)
def failed(case: Case) -> Found | None:
    """Find a deadline, a preemption, a shutdown or a refused admission."""
    pod = pod_of(case)
    target = pod.condition("DisruptionTarget")
    reason = pod.reason or (target.reason if target and pod.phase == "Failed" else "")
    if not reason or reason == "Evicted":
        return None
    fixes = {
        "DeadlineExceeded": "raise activeDeadlineSeconds, or make the work shorter",
        "PreemptionByScheduler": "a pod of a higher priority took its place: add nodes, or raise"
        " its priorityClassName",
    }
    said = one_line(pod.message or (target.message if target else ""))
    return Found(
        f"the cluster ended the pod ({reason}){f': {said}' if said else ''}",
        fixes.get(reason, "start it again; what makes pods (a Deployment) does so by itself"),
        (shows(case, ".status", f"reason {reason}: {said}"),),
        (pod.described,),
    )


@cause(
    "pod-completed",
    "the program ends with 0, and the pod's restart policy restarts it again and again",
    pattern="process",
    reads=["inspect", "logs"],
    page="ended-without-a-word",
    explains=["ends-again-and-again", "said-why"],
    basis=Basis.HINT,
)
def completed(case: Case) -> Found | None:
    """Find a job, or a service that does not stay, in a pod that is to run for ever."""
    pod = pod_of(case)
    if case.exit_code != 0 or pod.restart_policy != "Always" or pod.chosen.kind == "init":
        return None
    lines = [line.text for line in case.lines if line.text.strip()]
    words = f"; its last output: {one_line(lines[-1], 150)}" if lines else " without output"
    return Found(
        f"the program ends with 0 by itself{words}, and the pod's restartPolicy Always restarts it"
        f" ({case.restarts} times)",
        "keep a service in the foreground; work that ends belongs into a Job (kubectl create job"
        f" NAME --image={case.config.image})",
        (
            ended(case),
            inspected(case, "HostConfig.RestartPolicy.Name", pod.restart_policy),
            inspected(case, "RestartCount", case.restarts),
        ),
        (pod.typed("create", "job", "NAME", f"--image={case.config.image}"),),
        proven=bool(case.restarts) and pod.chosen.reason == "CrashLoopBackOff",
    )


@cause(
    "pod-init-failed",
    "an init container of the pod fails, so that the others never start",
    pattern="process",
    reads=["inspect", "logs"],
    page="check-status-and-logs",
    explains=["said-why"],
    basis=Basis.QUOTED,
)
def init_failed(case: Case) -> Found | None:
    """Quote an init container that ends with an error, where nothing explains it better."""
    pod = pod_of(case)
    if pod.chosen.kind != "init" or case.exit_code == 0:
        return None
    words = case.last_words
    said = f": {one_line(words)}" if words else " without a word"
    waiting = ", ".join(one.name for one in pod.containers if one.kind == "container")
    return Found(
        f"the init container {pod.chosen.name} ends with {case.exit_code}{said}; until it ends with"
        f" 0, {waiting} does not start",
        "correct what it names",
        (ended(case), *([logged(case, words)] if words else [])),
        (pod.typed("logs", pod.name, "-c", pod.chosen.name),),
    )
