"""One recorded pod for each cause that a cluster names: it is what is found in it, first of all."""

from typing import Any

from pods import (
    BACKOFF,
    PROBE,
    at,
    conditions,
    container,
    event,
    node,
    pod,
    running,
    status,
    terminated,
    waiting,
)

IMAGE = "registry.example/orders:1.4"
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc"
    " create failed: unable to start container process: "
)
MAKER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "orders-6c9f7d5b8"}


def pending(state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a pod
    return pod(*([status(state)] if state else []), phase="Pending", **more)


def pull(reason: str, message: str) -> tuple[Any, ...]:
    """Return a pod whose image cannot be pulled, and the event that says why."""
    words = f'Failed to pull image "{IMAGE}": {message}'
    return pending(waiting(reason, f'Back-off pulling image "{IMAGE}"')), event("Failed", words)


def refused(words: str, **more: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of a container
    """Return a pod whose program the runtime cannot start."""
    last = terminated(128, "StartError", message=RUNC + words)
    return (pod(status(BACKOFF, last, 4), spec={"containers": [container(**more)]}),)


def crashed(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a pod
    return pod(status(BACKOFF, terminated(code, reason), 7), **more)


def probed(kind: str, message: str) -> tuple[Any, ...]:
    """Return a pod that the kubelet restarts again and again, and its events."""
    killing = f"Container orders failed {kind} probe, will be restarted"
    probe: dict[str, Any] = {f"{kind}Probe": PROBE}
    return (
        pod(status(running(30), terminated(137, ago=31, lived=60), 5),
            spec={"containers": [container(**probe)]}),
        event("Unhealthy", f"{kind.capitalize()} probe failed: {message}", ago=65, count=15),
        event("Killing", killing, ago=60, kind="Normal"),
    )  # fmt: skip


def workload(message: str) -> tuple[Any, ...]:
    """Return the template of a Deployment whose pods are refused, and the event that says so."""
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
               "message": message}  # fmt: skip
    document = pod(meta={"name": ""}, conditions=[failure])
    return document, event("FailedCreate", f"Error creating: {message}", about=MAKER, container="")


REFUSED = (
    'Get "http://10.0.0.7:8080/health/live": dial tcp 10.0.0.7:8080: connect: connection refused'
)
LACKING = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available."
SECURED: dict[str, Any] = {"securityContext": {"runAsNonRoot": True}}
CONFIGURED: dict[str, Any] = {"envFrom": [{"secretRef": {"name": "orders"}}]}
MOUNTED = {"volumes": [{"name": "users", "secret": {"secretName": "orders-users"}}]}
DRAINED: dict[str, Any] = {
    "DisruptionTarget": {
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": "preempted",
    }
}

POD_EXAMPLES: dict[str, tuple[Any, ...]] = {
    "pod-unschedulable": (
        pending(spec={"nodeName": ""}, conditions=conditions(
            scheduled=False, PodScheduled={"status": "False", "reason": "Unschedulable",
                                           "message": LACKING})),
        event("FailedScheduling", LACKING, container=""),
    ),
    "pod-quota": workload(
        'pods "orders-6c9f7d5b8-z7" is forbidden: exceeded quota: team, requested:'
        " limits.memory=512Mi, used: limits.memory=2Gi, limited: limits.memory=2Gi"
    ),
    "pod-refused": workload(
        'pods "orders-6c9f7d5b8-z7" is forbidden: violates PodSecurity "restricted:latest":'
        ' allowPrivilegeEscalation != false (container "orders" must set it to false)'
    ),
    "pod-node-lost": (
        pod(status(running(6000), ready=True), conditions=conditions(
            Ready={"status": "False", "reason": "NodeStatusUnknown"})),
    ),
    "pod-image-name": (
        pending(waiting("InvalidImageName", f'Failed to apply default image tag "{IMAGE}":'
                        f' couldn\'t parse image name "{IMAGE}": invalid reference format')),
        event("InspectFailed", f'Failed to apply default image tag "{IMAGE}": couldn\'t parse'),
    ),
    "pod-image-platform": pull(
        "ErrImagePull", f'failed to pull and unpack image "{IMAGE}": no match for platform in'
        " manifest: not found",
    ),
    "pod-image-denied": pull(
        "ImagePullBackOff", f'failed to resolve reference "{IMAGE}": failed to authorize: failed'
        " to fetch anonymous token: unexpected status: 401 Unauthorized",
    ),
    "pod-image-unreachable": pull(
        "ImagePullBackOff", f'failed to do request: Head "https://{IMAGE}": dial tcp: lookup'
        " registry.example: no such host",
    ),
    "pod-image-never": (
        pending(waiting("ErrImageNeverPull", f'Container image "{IMAGE}" is not present with pull'
                        " policy of Never")),
    ),
    "pod-image-missing": pull(
        "ImagePullBackOff", f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
    ),
    "pod-configuration-missing": (
        pending(waiting("CreateContainerConfigError", 'secret "orders" not found'),
                spec={"containers": [container(**CONFIGURED)]}),
        event("Failed", 'Error: secret "orders" not found'),
    ),
    "pod-runs-as-root": (
        pending(waiting("CreateContainerConfigError", "container has runAsNonRoot and image will"
                        ' run as root (pod: "orders_shop(0b7f)", container: orders)'),
                spec={"containers": [container(**SECURED)]}),
    ),
    "pod-volume": (
        pending(waiting("ContainerCreating"), spec=MOUNTED),
        event("FailedMount", 'MountVolume.SetUp failed for volume "users" : secret "orders-users"'
              " not found", container=""),
    ),
    "pod-command-missing": refused(
        'exec: "/app/sever": stat /app/sever: no such file or directory: unknown',
        command=["/app/sever"],
    ),
    "pod-command-format": (crashed(255), ),
    "pod-command-denied": refused('exec: "/app/server": permission denied: unknown',
                                  command=["/app/server"]),
    "pod-not-started": (
        pending(waiting("CreateContainerError", "context deadline exceeded")),
        event("Failed", "Error: context deadline exceeded"),
    ),
    "pod-liveness": probed("liveness", "HTTP probe failed with statuscode: 500"),
    "pod-startup": probed("startup", REFUSED),
    "pod-not-ready": (
        pod(status(running(600)), spec={"containers": [container(readinessProbe=PROBE)]}),
        event("Unhealthy", f"Readiness probe failed: {REFUSED}"),
    ),
    "pod-gate": (
        pod(status(running(600), ready=True), conditions=conditions(
            ready=True, Ready={"status": "False", "reason": "ReadinessGatesNotReady",
                               "message": 'the status of pod readiness gate "lb" is not "True"'})),
    ),
    "pod-evicted": (
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."
            " Threshold quantity: 100Mi, available: 91Mi. Container orders was using 1Gi, request"
            " is 0, has larger consumption of memory."),
        event("Evicted", "The node was low on resource: memory.", container=""),
    ),
    "pod-failed": (
        pod(status(terminated(143)), phase="Failed", conditions=conditions(**DRAINED)),
    ),
    "pod-completed": (crashed(0, "Completed"),),
    "pod-init-failed": (
        pod(
            status(waiting("PodInitializing")), phase="Pending",
            spec={"initContainers": [container("migrate")]},
            initContainerStatuses=[status(BACKOFF, terminated(3), 4, "migrate")],
        ),
    ),
    "pod-stop-slow": (
        pod(status(terminated(137, ago=20, lived=500)), spec={"restartPolicy": "Never"}),
        event("Killing", "Stopping container orders", ago=51, kind="Normal"),
    ),
    "pod-killed": (crashed(137),),
    "pod-status-unknown": (
        pod(status(running(300), terminated(255, "Unknown", ago=310), 1, ready=True),
            conditions=conditions(ready=True)),
    ),
    "pod-stays": (
        pod(status(terminated(0, "Completed")), meta={"deletionTimestamp": at(4000),
                                                      "finalizers": ["example.com/archive"]}),
    ),
}  # fmt: skip
"""Name of a cause → a pod's document, and its events."""
LOGS = {"pod-command-format": "exec /app/server: exec format error"}
"""What the container wrote, where it needs to have written something."""
NODES = {"pod-node-lost": node("Unknown", "Kubelet stopped posting node status.")}
