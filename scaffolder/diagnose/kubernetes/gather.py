"""A case from the documents of a pod, whether a cluster or a record has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import pod_phase
from scaffolder.diagnose.evidence.config import Host
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.pod import RUNNING, TERMINATED, Container, Pod
from scaffolder.diagnose.evidence.sources import Sources
from scaffolder.diagnose.evidence.strict import strict
from scaffolder.errors import UsageError, unknown

from . import configuration, documents

Document = Mapping[str, Any]
SHORT = {"Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset",
         "Job": "job", "ReplicaSet": "replicaset"}  # fmt: skip


@dataclass(frozen=True)
class Documents:
    """What a cluster says of a pod."""

    pod: Document
    events: Sequence[Document] = ()
    node: Document | None = None
    services: tuple[str, ...] = ()
    context: str = ""
    workload: str = ""
    """The workload that was asked for; found by the pod's owner otherwise."""
    container: str = ""
    """The container that was asked for; the one that fails otherwise."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def case(found: Documents, sources: Sources) -> Case:
    """Return the case of the container that was asked for, or of the one that fails."""
    pod = read(found)
    return Case(
        target=f"{pod.name or pod.workload}",
        kind="pod",
        identity_number=_text(found.pod, "metadata", "uid"),
        config=configuration.config(found.pod, pod.chosen.name),
        state=pod_phase.state(pod, found.now),
        restarts=pod.chosen.restarts,
        image=None,
        host=Host(pod.node.architecture or "amd64" if pod.node else "amd64"),
        sources=sources,
        recorded=found.now,
        pod=pod,
    )


@strict
def read(found: Documents) -> Pod:
    """Read a pod, or the template of a workload that has none."""
    document = found.pod
    about, spec = document.get("metadata") or {}, document.get("spec") or {}
    status = document.get("status") or {}
    listed = documents.containers(document)
    chosen = _chosen(listed, found)
    return Pod(
        name=about.get("name") or "",
        namespace=about.get("namespace") or "default",
        chosen=chosen,
        context=found.context,
        containers=listed,
        phase=status.get("phase") or "",
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        labels=about.get("labels") or {},
        created=moment(about.get("creationTimestamp")),
        deleted=moment(about.get("deletionTimestamp")),
        finalizers=tuple(about.get("finalizers") or ()),
        grace=spec.get("terminationGracePeriodSeconds") or 30,
        service_links=spec.get("enableServiceLinks") is not False,
        restart_policy=spec.get("restartPolicy") or "Always",
        workload=found.workload or _owner(about),
        volumes=configuration.volumes(document),
        references=configuration.references(document, chosen.name),
        takes_all=configuration.takes_all(document, chosen.name),
        conditions=documents.conditions(status.get("conditions")),
        notes=documents.notes(found.events),
        node=documents.node(found.node) if found.node else None,
        node_name=spec.get("nodeName") or "",
        services=found.services,
    )


def _chosen(listed: tuple[Container, ...], found: Documents) -> Container:
    """Return the container that was asked for, or the first of those that fare worst."""
    if not listed:
        raise UsageError("the pod has no containers", "kubectl get pods lists pods")
    if found.container:
        named = next((one for one in listed if one.name == found.container), None)
        if named is None:
            names = [one.name for one in listed]
            raise unknown("container of the pod", found.container, names, "--container NAME")
        return named
    return max(listed, key=ailment)


def ailment(one: Container) -> int:
    """Rate how much is wrong with a container; 0 if nothing is.

    Init containers run one after the other: those before the failing one have ended well.
    """
    if one.status == RUNNING:
        return 2 * (not one.ready and one.kind != "init") + (one.restarts > 0)
    if one.status == TERMINATED:
        return 5 if one.ended and one.ended.exit_code else 0
    waits = one.reason not in {"", "ContainerCreating", "PodInitializing"}
    return 6 if waits else 3 if one.last else 0


def _owner(about: Document) -> str:
    """Return the workload that made a pod; a Deployment does so through a ReplicaSet."""
    owners = (one for one in about.get("ownerReferences") or () if one.get("controller"))
    owner: Document = next(owners, {})
    kind, name = owner.get("kind") or "", owner.get("name") or ""
    made = (about.get("labels") or {}).get("pod-template-hash")
    if kind == "ReplicaSet" and made and name.endswith(f"-{made}"):
        return f"deployment/{name.removesuffix(f'-{made}')}"
    return f"{SHORT[kind]}/{name}" if kind in SHORT else ""


def _text(document: Document, *way: str) -> str:
    found: object = document
    for key in way:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
