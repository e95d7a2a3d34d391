"""Pods that no node takes, that a rule of the namespace refuses, or that lost their node."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import NODE_SIDE, Pod

from .words import ANY, node_shown, one_line, pod_of, shows, told

LACKS = (
    (r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim \S+ not found",
     "a PersistentVolumeClaim of it is not bound",
     "kubectl get pvc says why: no storage class, no volume that fits, or no such claim"),
    (r"Insufficient (?P<what>[\w./-]+)", "no node has enough {what} left for what it requests",
     "lower the pod's requests ({what}), or add a node"),
    (r"untolerated taint\S* \{?(?P<what>[^{}\n,]+)", ("nodes have a taint that it does not tolerate"
     " ({what})"), "add the toleration to its manifest, or remove the taint from a node"),
    (r"didn't match Pod's node affinity/selector", "no node has the labels that it asks for",
     "correct nodeSelector and affinity, or label a node (kubectl get nodes --show-labels)"),
    (r"didn't match pod (?:anti-)?affinity|topology spread", "rules about other pods leave no node",
     "loosen podAffinity, podAntiAffinity or topologySpreadConstraints"),
    (r"volume node affinity conflict", "its volume is on a node or in a zone where it may not run",
     "let it run where its volume is, or make a new volume"),
    (r"Too many pods", "the nodes have as many pods as they may", "add a node"),
    (r"unschedulable", "the nodes that fit are closed for new pods (cordoned)",
     "kubectl uncordon a node"),
)  # fmt: skip
"""What the scheduler lacks → what that means, and what to do."""


@cause(
    "pod-unschedulable",
    "no node of the cluster takes the pod",
    pattern="environment",
    reads=["inspect", "events"],
    page="check-resources",
    when=Phase.START | Phase.CREATED,
)
def unschedulable(case: Case) -> Found | None:
    """Find a pod that the scheduler has no node for."""
    pod = pod_of(case)
    state, note = pod.condition("PodScheduled"), pod.noted("FailedScheduling")
    refused = state and state.status == "False" and state.reason != "SchedulingGated"
    if not refused or not state or not (state.message or note):
        return None
    said = state.message or (note.message if note else "")
    why, fix = _lacks(said)
    path = '.status.conditions[?(@.type=="PodScheduled")].message'
    return Found(
        f"no node takes the pod: {why or 'the scheduler says why'}: {one_line(said)}",
        fix or "change what the pod asks for, or add a node that has it",
        (shows(case, path, one_line(said, 500)), *([told(case, note)] if note else [])),
        (pod.typed("describe", "pod", pod.name), pod.typed("describe", "nodes")),
        proven=bool(why and note),
    )


def _lacks(said: str) -> tuple[str, str]:
    for pattern, why, fix in LACKS:
        if match := re.search(pattern, said):
            words = {key: (text or "").strip() for key, text in match.groupdict().items()}
            return why.format(**words), fix.format(**words)
    return "", ""


def _refusal(pod: Pod) -> str:
    """Return why a workload's pods are refused; empty if they are not."""
    failure = pod.condition("ReplicaFailure")
    note = pod.noted("FailedCreate")
    return failure.message if failure else note.message if note else ""


def _evidence(case: Case) -> tuple[Evidence, ...]:
    """Show what the workload and its ReplicaSet say about pods that are refused."""
    pod = pod_of(case)
    failure, note = pod.condition("ReplicaFailure"), pod.noted("FailedCreate")
    path = '.status.conditions[?(@.type=="ReplicaFailure")].message'
    first = [shows(case, path, one_line(failure.message, 500))] if failure else []
    return (*first, *([told(case, note)] if note else []))


@cause(
    "pod-quota",
    "the namespace's quota refuses the pod",
    pattern="environment",
    reads=["inspect", "events"],
    page="check-resources",
    when=Phase.START,
    explains=["pod-refused"],
)
def quota(case: Case) -> Found | None:
    """Find a workload that gets no pods, because a ResourceQuota or LimitRange refuses them."""
    pod = pod_of(case)
    said, note = _refusal(pod), pod.noted("FailedCreate")
    if not re.search(r"exceeded quota|failed quota|(?:maximum|minimum) \S+ usage per", said):
        return None
    return Found(
        f"{pod.workload} gets no pod: the namespace {pod.namespace} allows no more of what it"
        f" requests: {one_line(said)}",
        "lower its requests and limits, delete what is not needed, or have the quota raised; where"
        " the quota asks for a request or limit, its manifest has to set it",
        _evidence(case),
        (pod.typed("describe", "resourcequota,limitrange"),),
        proven=bool(pod.condition("ReplicaFailure") and note),
    )


@cause(
    "pod-refused",
    "a rule of the cluster refuses the pod",
    pattern="permissions",
    reads=["inspect", "events"],
    page="check-status-and-logs",
    when=Phase.START,
)
def refused(case: Case) -> Found | None:
    """Find a workload whose pods the cluster refuses to make: a policy, a missing account."""
    pod = pod_of(case)
    said, note = _refusal(pod), pod.noted("FailedCreate")
    if not said:
        return None
    policy = "violates PodSecurity" in said
    why = "its pods are less restricted than the namespace demands" if policy else "it is refused"
    fix = (
        "set what the message lists in its manifest (securityContext), as the stage kubernetes does"
        if policy
        else "correct what the message names"
    )
    return Found(
        f"{pod.workload} gets no pod, because {why}: {one_line(said)}",
        fix,
        _evidence(case),
        pod.replaced(),
        proven=policy and bool(pod.condition("ReplicaFailure") and note),
    )


@cause(
    "pod-node-lost",
    "the pod's node does not answer any more",
    pattern="environment",
    reads=["inspect", "events"],
    page="check-status-and-logs",
    when=ANY,
    explains=[
        "pod-status-unknown", "pod-not-ready", "pod-stays", "pod-killed", "said-why",
        "pod-liveness", "pod-failed",
    ],
)  # fmt: skip
def node_lost(case: Case) -> Found | None:
    """Find a pod on a node that is not ready, or that its taints drove off."""
    pod = pod_of(case)
    ready = next((c for c in pod.node.conditions if c.kind == "Ready"), None) if pod.node else None
    down = ready is not None and ready.status != "True"
    lost = pod.reason == "NodeLost" or _ready_reason(pod) in NODE_SIDE
    if not down and not lost:
        return None
    node = pod.node_name or (pod.node.name if pod.node else "its node")
    said = [shows(case, ".status.reason", pod.reason or _ready_reason(pod))] if lost else []
    if down and ready:
        found = f"Ready {ready.status}: {one_line(ready.message or ready.reason)}"
        said.append(node_shown(case, found))
    return Found(
        f"the node {node} does not answer any more, so nobody knows how the pod is",
        "bring the node back, or delete it: its pods are then started elsewhere (a volume that only"
        " one node may mount is free only then)",
        tuple(said),
        (pod.typed("describe", "node", node),),
        proven=down and lost,
    )


def _ready_reason(pod: Pod) -> str:
    ready = pod.condition("Ready")
    return ready.reason if ready and ready.status != "True" else ""
