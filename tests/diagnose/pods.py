"""Documents of pods as a cluster returns them, and the cases of these."""

from datetime import UTC, datetime, timedelta
from typing import Any

from recorded import NOW

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Line, Log
from scaffolder.diagnose.kubernetes import gather
from scaffolder.diagnose.kubernetes.collect import Observed

Document = dict[str, Any]
UID = "0b7f9c1e-4d8a-4a67-9d39-1f3f0e5a7c11"
NAME = "orders-6c9f7d5b8-x2x4q"
OWNER = {
    "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "orders-6c9f7d5b8",
    "uid": "5d1c1d4e-0000-4000-8000-000000000001", "controller": True, "blockOwnerDeletion": True,
}  # fmt: skip
PROBE = {"httpGet": {"path": "/health/live", "port": "http", "scheme": "HTTP"}}


def at(ago: float) -> str:
    """Return a moment as the API writes it."""
    return (NOW.astimezone(UTC) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def terminated(
    code: int, reason: str = "Error", ago: float = 20, lived: float = 5, **more: str
) -> Document:
    began, ended = at(ago + lived), at(ago)
    about = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": ended, **more}
    return {"terminated": {**about, "containerID": "containerd://" + "a" * 64}}


def waiting(reason: str, message: str = "") -> Document:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running(ago: float = 600) -> Document:
    return {"running": {"startedAt": at(ago)}}


BACKOFF = waiting(
    "CrashLoopBackOff",
    f"back-off 5m0s restarting failed container=orders pod={NAME}_shop({UID})",
)


def container(name: str = "orders", **more: Any) -> Document:  # noqa: ANN401 - of the specification
    return {
        "name": name, "image": "registry.example/orders:1.4", "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **more,
    }  # fmt: skip


def status(
    state: Document, last: Document | None = None, restarts: int = 0, name: str = "orders", *,
    ready: bool = False,
) -> Document:  # fmt: skip
    return {
        "name": name, "ready": ready, "restartCount": restarts, "state": state,
        "lastState": last or {}, "image": "registry.example/orders:1.4", "imageID": "",
        "started": "running" in state,
    }  # fmt: skip


def conditions(*, scheduled: bool = True, ready: bool = False, **more: Document) -> list[Document]:
    words = {True: "True", False: "False"}
    found = {
        "Initialized": {"status": "True"},
        "Ready": {"status": words[ready]},
        "ContainersReady": {"status": words[ready]},
        "PodScheduled": {"status": words[scheduled]},
        **more,
    }
    return [
        {"type": kind, "lastProbeTime": None, "lastTransitionTime": at(500), **about}
        for kind, about in found.items()
    ]


def pod(
    *statuses: Document,
    spec: Document | None = None,
    meta: Document | None = None,
    **more: Any,  # noqa: ANN401 - of the status
) -> Document:
    """Return the document of a pod of the Deployment orders."""
    own = {
        "containers": [container()], "restartPolicy": "Always", "nodeName": "node-1",
        "terminationGracePeriodSeconds": 30, "volumes": [],
        **(spec or {}),
    }  # fmt: skip
    about = {
        "name": NAME, "namespace": "shop", "uid": UID, "creationTimestamp": at(7200),
        "labels": {"app.kubernetes.io/name": "orders", "app.kubernetes.io/component": "server",
                   "pod-template-hash": "6c9f7d5b8"},
        "ownerReferences": [OWNER],
        **(meta or {}),
    }  # fmt: skip
    found = {
        "phase": "Running", "conditions": conditions(), "containerStatuses": list(statuses),
        "startTime": at(7200), "qosClass": "Burstable",
        **more,
    }  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": own, "status": found}


def event(  # noqa: PLR0913, PLR0917 - what an event may have
    reason: str, message: str, ago: float = 30, count: int = 4, kind: str = "Warning",
    container: str = "orders", about: Document | None = None,
) -> Document:  # fmt: skip
    place = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
    return {
        "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "message": message,
        "metadata": {"name": f"{NAME}.{abs(hash(message)):x}", "namespace": "shop"},
        "involvedObject": about or {"apiVersion": "v1", "kind": "Pod", "name": NAME,
                                    "namespace": "shop", "uid": UID, **place},
        "firstTimestamp": at(ago + 600), "lastTimestamp": at(ago), "count": count,
        "source": {"component": "kubelet", "host": "node-1"}, "eventTime": None,
        "reportingComponent": "kubelet", "reportingInstance": "node-1",
    }  # fmt: skip


def node(ready: str = "True", message: str = "kubelet is posting ready status") -> Document:
    found = [
        {"type": kind, "status": value, "reason": reason, "message": words,
         "lastHeartbeatTime": at(30), "lastTransitionTime": at(3000)}
        for kind, value, reason, words in (
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "enough"),
            ("Ready", ready, "KubeletReady" if ready == "True" else "NodeStatusUnknown", message),
        )
    ]  # fmt: skip
    info = {
        "architecture": "arm64", "kubeletVersion": "v1.32.1", "osImage": "Debian", "bootID": "",
        "containerRuntimeVersion": "containerd://2.0.2", "kernelVersion": "6.12", "machineID": "",
        "kubeProxyVersion": "", "operatingSystem": "linux", "systemUUID": "",
    }  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"},
        "status": {"conditions": found, "nodeInfo": info},
    }  # fmt: skip


def case(document: Document, *events: Document, log: str = "", **more: Any) -> Case:  # noqa: ANN401 - of the documents
    """Return the case of a pod's document, its events, and what its container wrote."""
    now = datetime.now(UTC) if more.pop("live", False) else NOW
    lines = Log(tuple(Line(at(21), line) for line in log.splitlines()))
    known = gather.Documents(document, events, now=now, **more)
    return gather.case(known, Observed(lambda: lines, []))
