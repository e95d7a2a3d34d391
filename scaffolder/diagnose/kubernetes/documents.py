"""The documents of a pod, its events and its node: what is read from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.pod import (
    RUNNING,
    TERMINATED,
    WAITING,
    Condition,
    Container,
    Ending,
    Node,
    Note,
    Probed,
)
from scaffolder.diagnose.evidence.strict import strict

Document = Mapping[str, Any]
MOST = 500
"""How many events are read."""
KINDS = {"initContainers": "init", "containers": "container"}
PROBES = ("liveness", "readiness", "startup")


@strict
def containers(document: Document) -> tuple[Container, ...]:
    """Return the containers of a pod, in the order in which they start."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    told = {
        found["name"]: found
        for key in ("initContainerStatuses", "containerStatuses")
        for found in status.get(key) or []
    }
    context = spec.get("securityContext") or {}
    return tuple(
        _container(found, kind, told.get(found["name"]) or {}, context)
        for key, kind in KINDS.items()
        for found in spec.get(key) or []
    )


def _container(spec: Document, kind: str, status: Document, context: Document) -> Container:
    state = status.get("state") or {}
    now = next((key for key in (RUNNING, WAITING, TERMINATED) if key in state), "")
    about = state.get(now) or {}
    own = {**context, **(spec.get("securityContext") or {})}
    return Container(
        name=spec["name"],
        kind="sidecar" if kind == "init" and spec.get("restartPolicy") == "Always" else kind,
        image=spec.get("image") or "",
        status=now,
        reason=about.get("reason") or "",
        message=about.get("message") or "",
        ready=bool(status.get("ready")),
        restarts=status.get("restartCount") or 0,
        started=moment(about.get("startedAt")) if now == RUNNING else None,
        ended=_ending(about) if now == TERMINATED else None,
        last=_ending((status.get("lastState") or {}).get(TERMINATED)),
        probes=tuple(_probes(spec)),
        ports={
            port.get("name") or str(port["containerPort"]): port["containerPort"]
            for port in spec.get("ports") or []
        },
        run_as_non_root=bool(own.get("runAsNonRoot")),
        grace_hook="preStop" in (spec.get("lifecycle") or {}),
    )


def _ending(found: Document | None) -> Ending | None:
    if not found:
        return None
    return Ending(
        found.get("exitCode") or 0,
        found.get("reason") or "",
        found.get("message") or "",
        moment(found.get("startedAt")),
        moment(found.get("finishedAt")),
    )


def _probes(spec: Document) -> Iterator[Probed]:
    for kind in PROBES:
        if found := spec.get(f"{kind}Probe"):
            yield Probed(
                kind,
                _asks(found),
                found.get("initialDelaySeconds") or 0,
                found.get("timeoutSeconds") or 1,
                found.get("periodSeconds") or 10,
                found.get("failureThreshold") or 3,
            )


def _asks(probe: Document) -> str:
    """Return what a probe asks; headers may be secret, and are left out."""
    if http := probe.get("httpGet"):
        return f"GET {http.get('path') or '/'} on port {http.get('port')}"
    if tcp := probe.get("tcpSocket"):
        return f"a connection to port {tcp.get('port')}"
    if grpc := probe.get("grpc"):
        return f"gRPC on port {grpc.get('port')}"
    return " ".join((probe.get("exec") or {}).get("command") or ())


@strict
def notes(documents: Sequence[Document]) -> tuple[Note, ...]:
    """Return events, oldest first."""
    return tuple(sorted(map(_note, documents[-MOST:]), key=lambda note: note.time))


def _note(found: Document) -> Note:
    series = found.get("series") or {}
    times = (
        series.get("lastObservedTime"), found.get("lastTimestamp"), found.get("eventTime"),
        found.get("firstTimestamp"), (found.get("metadata") or {}).get("creationTimestamp"),
    )  # fmt: skip
    when = next((at for time in times if (at := moment(time))), None)
    field = (found.get("involvedObject") or {}).get("fieldPath") or ""
    return Note(
        when.timestamp() if when else 0.0,
        found.get("reason") or "",
        found.get("message") or "",
        series.get("count") or found.get("count") or 1,
        field.partition("{")[2].rstrip("}"),
        is_warning=found.get("type") == "Warning",
    )


@strict
def conditions(found: Iterable[Document] | None) -> tuple[Condition, ...]:
    """Return the conditions of a pod, a node or a workload."""
    return tuple(
        Condition(
            one.get("type") or "", one.get("status") or "", one.get("reason") or "",
            one.get("message") or "",
        )
        for one in found or ()
    )  # fmt: skip


@strict
def node(document: Document) -> Node:
    """Return what is known of a node."""
    status = document.get("status") or {}
    about = status.get("nodeInfo") or {}
    version = " ".join(filter(None, map(about.get, ("kubeletVersion", "containerRuntimeVersion"))))
    return Node(
        (document.get("metadata") or {}).get("name") or "",
        about.get("architecture") or "",
        conditions(status.get("conditions")),
        version,
    )
