"""Targets that a person names, and everything that the cluster says of them."""

from collections.abc import Mapping
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import log_lines
from scaffolder.diagnose.evidence.facts import Log
from scaffolder.diagnose.evidence.pod import WAITING, Pod
from scaffolder.diagnose.evidence.strict import strict
from scaffolder.errors import UsageError, unknown

from . import documents
from .client import AbsentError, ClusterError, ForbiddenError, Kubectl, named
from .collect import Observed
from .gather import Documents, ailment, case

Document = Mapping[str, Any]
KINDS = {
    "pod": ("pod", "pods", "po"),
    "deployment": ("deployment", "deployments", "deploy"),
    "statefulset": ("statefulset", "statefulsets", "sts"),
    "daemonset": ("daemonset", "daemonsets", "ds"),
    "replicaset": ("replicaset", "replicasets", "rs"),
    "job": ("job", "jobs"),
}
OPERATORS = {"In": "{key} in ({values})", "NotIn": "{key} notin ({values})",
             "Exists": "{key}", "DoesNotExist": "!{key}"}  # fmt: skip
TAIL = 400
MAKERS = 20
"""How many ReplicaSets of a Deployment may have events about pods that were refused."""


def case_of(kubectl: Kubectl, target: str, container: str) -> Case:
    """Return the case of a pod, or of the pod of a workload that fares worst.

    Raises UsageError if there is none of that name, and ClusterError if the cluster does not tell.
    """
    kind, name = _split(target)
    unread: list[str] = []
    if kind == "pod":
        found, workload = _pod(kubectl, name), ""
    else:
        found, workload = _worst(kubectl, kind, name), f"{kind}/{name}"
    uid, node = _place(found)
    known = Documents(
        pod=found,
        events=_events(kubectl, uid, workload, unread),
        node=_allowed(lambda: kubectl.get("node", named("node", node)), unread) if node else None,
        services=_services(kubectl, found, unread),
        context=kubectl.context,
        workload=workload,
        container=container,
    )
    result = case(known, Observed(lambda: _log(kubectl, result), unread))
    return result


@strict
def _place(pod: Document) -> tuple[str, ...]:
    """Return the uid of a pod, and the name of its node."""
    about, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    return about.get("uid") or "", spec.get("nodeName") or ""


def _split(target: str) -> tuple[str, str]:
    """Return the kind and the name of a target such as deploy/orders."""
    before, slash, name = target.rpartition("/")
    kind = next((k for k, names in KINDS.items() if (before or "pod") in names), "")
    if not kind or (slash and not before):
        raise unknown("kind of target", before, KINDS, "--pod NAME, or --pod deployment/NAME")
    return kind, named(kind, name)


def _pod(kubectl: Kubectl, name: str) -> Document:
    try:
        return kubectl.get("pod", name)
    except AbsentError:
        raise _unknown(kubectl, "pod", name) from None


def _unknown(kubectl: Kubectl, kind: str, name: str) -> UsageError:
    """Build the error for a name that the namespace does not have, with those that are near."""
    try:
        listed = kubectl.items(f"{kind}s")
    except ClusterError as error:
        known = [f"none that can be listed: {error.message}"]
    else:
        names = [str((one.get("metadata") or {}).get("name")) for one in listed]
        known = names or [f"none: the namespace {kubectl.namespace} has no {kind}s"]
    return unknown(kind, name, known, f"kubectl -n {kubectl.namespace} get {kind}s")


def _worst(kubectl: Kubectl, kind: str, name: str) -> Document:
    """Return the pod of a workload that fares worst; its template, if it has no pod."""
    try:
        workload = kubectl.get(kind, name)
    except AbsentError:
        raise _unknown(kubectl, kind, name) from None
    found = kubectl.items("pods", f"--selector={_selector(workload)}")
    return max(found, key=_ailment) if found else _template(workload, kubectl.namespace)


def _ailment(pod: Document) -> tuple[bool, int, str]:
    """Rate a pod: a failed one first, then by its worst container, then the newest."""
    failed = (pod.get("status") or {}).get("phase") == "Failed"
    created = str((pod.get("metadata") or {}).get("creationTimestamp") or "")
    return failed, max(map(ailment, documents.containers(pod)), default=0), created


@strict
def _selector(workload: Document) -> str:
    found = workload["spec"].get("selector") or {}
    parts = [f"{key}={value}" for key, value in (found.get("matchLabels") or {}).items()]
    parts += [
        OPERATORS[one["operator"]].format(key=one["key"], values=",".join(one.get("values") or ()))
        for one in found.get("matchExpressions") or ()
    ]
    if not parts:
        raise UsageError("the workload selects no pods", "name a pod: kubectl get pods")
    return ",".join(parts)


def _template(workload: Document, namespace: str) -> Document:
    """Return a pod as a workload would make it: without a name, and with its conditions."""
    template = (workload.get("spec") or {}).get("template") or {}
    about = {**(template.get("metadata") or {}), "namespace": namespace}
    about |= {"uid": (workload.get("metadata") or {}).get("uid"), "name": ""}
    status = {"conditions": (workload.get("status") or {}).get("conditions")}
    replicas = (workload.get("spec") or {}).get("replicas")
    spec = template.get("spec") or {}
    if replicas == 0:
        raise UsageError("the workload is scaled to 0, so that it has no pods",
                         "kubectl scale --replicas=1 starts one")  # fmt: skip
    return {"metadata": about, "spec": spec, "status": status}


def _events(kubectl: Kubectl, uid: str, workload: str, unread: list[str]) -> list[Document]:
    """Return the events of a pod; and of a workload's ReplicaSets, which pods are refused to."""
    found = _allowed(
        lambda: kubectl.items("events", f"--field-selector=involvedObject.uid={uid}"), unread
    )
    if workload.startswith("deployment/") and not found:
        name = workload.partition("/")[2]
        makers = _allowed(
            lambda: kubectl.items("events", "--field-selector=involvedObject.kind=ReplicaSet"), []
        )
        about = [one for one in makers or () if _made_for(one, name)]
        return about[-MAKERS:]
    return found or []


def _made_for(event: Document, name: str) -> bool:
    maker = str((event.get("involvedObject") or {}).get("name") or "")
    return maker.rpartition("-")[0] == name


def _services(kubectl: Kubectl, pod: Document, unread: list[str]) -> tuple[str, ...]:
    """Return the Services that select a pod; asked only where some of it is not ready."""
    conditions = documents.conditions((pod.get("status") or {}).get("conditions"))
    if not any(one.kind == "Ready" and one.status != "True" for one in conditions):
        return ()
    labels = (pod.get("metadata") or {}).get("labels") or {}
    found = _allowed(lambda: kubectl.items("services"), unread) or []
    return tuple(name for one in found if (name := _selects(one, labels)))


@strict
def _selects(service: Document, labels: Mapping[str, str]) -> str:
    """Return the name of a Service if it selects pods with some labels; nothing otherwise."""
    selector = (service.get("spec") or {}).get("selector") or {}
    fits = selector and all(labels.get(key) == value for key, value in selector.items())
    return service["metadata"]["name"] if fits else ""


def _allowed(read: Any, unread: list[str]) -> Any:  # noqa: ANN401 - a function, and what it returns
    """Read what a diagnosis can do without; say what the cluster refuses, and go on."""
    try:
        return read()
    except (ForbiddenError, AbsentError) as error:
        unread.append(error.message)
        return None


def _log(kubectl: Kubectl, found: Case) -> Log:
    """Return the log of the run that matters, or why there is none."""
    pod = found.pod
    assert pod  # noqa: S101 - it is the case of one
    chosen = pod.chosen
    if not pod.name or not chosen.status or (chosen.status == WAITING and not chosen.last):
        return Log()  # it never ran
    before = chosen.ended is None and chosen.last is not None and not found.is_up
    try:
        ran = kubectl.logs(*_words(pod, before=before))
    except ClusterError as error:
        if not before:
            return Log(obstacle=error.message)
        try:  # the run before may be forgotten
            ran = kubectl.logs(*_words(pod, before=False))
        except ClusterError:
            return Log(obstacle=error.message)
    return Log(tuple(log_lines.read(ran.out)))


def _words(pod: Pod, *, before: bool) -> tuple[str, ...]:
    previous = ("--previous",) if before else ()
    return (pod.name, f"--container={pod.chosen.name}", "--timestamps", f"--tail={TAIL}", *previous)
