"""Probes that end a container, or keep requests from it."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import Note, Pod

from .words import one_line, pod_of, shows, told

RECENT_SECONDS = 900.0
SYMPTOMS = (
    "killed-from-outside", "pod-killed", "pod-completed", "ends-again-and-again", "said-why",
    "pod-stop-slow", "ended-by-signal", "pod-not-ready",
)  # fmt: skip
"""How the end looks that a probe has caused."""


def failing(pod: Pod, kind: str) -> Note | None:
    """Return the last event that says that a probe of the chosen container fails."""
    found = (
        note
        for note in pod.notes
        if note.reason in {"Unhealthy", "ProbeWarning"}
        and note.message.startswith(kind.capitalize())
        and note.container in {"", pod.chosen.name}
    )
    return max(found, key=lambda note: note.time, default=None)


def advice(pod: Pod, kind: str, said: str) -> tuple[str, str]:
    """Return what a probe's failure means, and what to do about it."""
    probe = pod.chosen.probe(kind)
    if re.search(r"connection refused", said):
        ports = ", ".join(map(str, pod.chosen.ports.values()))
        declared = f" (the manifest declares {ports})" if ports else ""
        return (
            "nothing listens on its port",
            (
                f"let the probe ask the port that the program listens on{declared}, on all"
                " addresses (0.0.0.0); a program that starts slowly needs a startupProbe"
            ),
        )
    if re.search(r"statuscode: (?:404|405|301|302|401|403)", said):
        return "it asks a wrong path", f"correct `path` of the {kind}Probe"
    if re.search(r"deadline exceeded|Client\.Timeout|timeout", said, re.IGNORECASE):
        allowed = f" ({probe.timeout:g} s)" if probe else ""
        return (
            f"no answer comes within its timeout{allowed}",
            f"find what blocks the program, then raise timeoutSeconds of the {kind}Probe",
        )
    return "", "read its answer, and the log of that time"


def _asked(pod: Pod, kind: str) -> str:
    probe = pod.chosen.probe(kind)
    return f"{kind} probe ({probe.asks})" if probe and probe.asks else f"{kind} probe"


def _defined(case: Case, kind: str) -> tuple[Evidence, ...]:
    pod = pod_of(case)
    probe = pod.chosen.probe(kind)
    if probe is None:
        return ()
    part = "initContainers" if pod.chosen.kind != "container" else "containers"
    path = f'.spec.{part}[?(@.name=="{pod.chosen.name}")].{kind}Probe'
    found = (
        f"{probe.asks}, after {probe.delay:g} s, every {probe.period:g} s, timeout"
        f" {probe.timeout:g} s, {probe.failures} failures"
    )
    return (shows(case, path, found),)


def _killed(case: Case, kind: str) -> Found | None:
    pod = pod_of(case)
    killing = next(
        (
            note
            for note in reversed(pod.notes)
            if note.reason == "Killing"
            and f"failed {kind} probe" in note.message
            and note.container in {"", pod.chosen.name}
        ),
        None,
    )
    recent = killing and case.now.timestamp() - killing.time < RECENT_SECONDS
    if killing is None or not (case.phase == Phase.DIED or recent):
        return None
    note = failing(pod, kind)
    words = one_line(note.message.partition(": ")[2]) if note else ""
    why, fix = advice(pod, kind, words)
    because = ": ".join(filter(None, (why, words)))
    killed = f"; its grace period of {pod.grace} s was over" if case.exit_code == 137 else ""
    return Found(
        f"the kubelet restarts the container {pod.chosen.name}, because its {_asked(pod, kind)}"
        f" fails{f': {because}' if because else ''}{killed}",
        fix,
        (
            told(case, killing),
            *([told(case, note)] if note else []),
            *_defined(case, kind),
            inspected(case, "RestartCount", case.restarts),
        ),
        pod.replaced() if why else (pod.typed("logs", pod.name, "-c", pod.chosen.name, "-p"),),
        proven=bool(note and case.restarts),
    )


@cause(
    "pod-liveness",
    "the kubelet restarts the container, because its liveness probe fails",
    pattern="healthcheck",
    reads=["events", "inspect"],
    when=Phase.ENDED | Phase.RUNNING,
    explains=SYMPTOMS,
)
def liveness(case: Case) -> Found | None:
    """Find the kubelet's own event about a failed liveness probe."""
    return _killed(case, "liveness")


@cause(
    "pod-startup",
    "the kubelet restarts the container, because its startup probe fails",
    pattern="healthcheck",
    reads=["events", "inspect"],
    when=Phase.ENDED | Phase.RUNNING,
    explains=SYMPTOMS,
)
def startup(case: Case) -> Found | None:
    """Find the kubelet's own event about a failed startup probe."""
    return _killed(case, "startup")


@cause(
    "pod-not-ready",
    "the container runs, but is not ready, so that Services send it nothing",
    pattern="healthcheck",
    reads=["inspect", "events"],
    when=Phase.RUNNING,
)
def not_ready(case: Case) -> Found | None:
    """Find a probe that keeps a container from being ready, for longer than a start may take."""
    pod = pod_of(case)
    chosen, started = pod.chosen, pod.chosen.started
    if chosen.ready or chosen.kind != "container" or pod.deleted or started is None:
        return None
    kinds = [kind for kind in ("startup", "readiness") if chosen.probe(kind)]
    up = (case.now - started).total_seconds()
    if up < sum(probe.allows for kind in kinds if (probe := chosen.probe(kind))):
        return None
    notes = [(note, kind) for kind in kinds if (note := failing(pod, kind))]
    note, kind = max(notes, key=lambda pair: pair[0].time, default=(None, (*kinds, "")[0]))
    words = one_line(note.message.partition(": ")[2]) if note else ""
    why, fix = advice(pod, kind, words)
    because = ": ".join(filter(None, (why, words)))
    services = f"; the Service {', '.join(pod.services)} sends it nothing" if pod.services else ""
    told_by = f": its {_asked(pod, kind)} fails" if note else ""
    state = pod.condition("ContainersReady")
    path = '.status.conditions[?(@.type=="ContainersReady")].status'
    return Found(
        f"the container {chosen.name} has run for {up:.0f} s and is not ready{services}{told_by}"
        f"{f': {because}' if because else ''}",
        fix if note else "ask its readiness probe, and read its log: it says what it waits for",
        (
            *([told(case, note)] if note else []),
            *(_defined(case, kind) if kind else ()),
            shows(case, path, state.status if state else "False"),
        ),
        (pod.typed("port-forward", pod.name, str(next(iter(chosen.ports.values()), 8080))),),
        proven=bool(note and why and state and state.status == "False"),
        basis=None if why else Basis.HINT,
    )


@cause(
    "pod-gate",
    "a readiness gate of the pod is not open",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
)
def gate(case: Case) -> Found | None:
    """Find a pod whose containers are ready, and which is not."""
    pod = pod_of(case)
    ready, inside = pod.condition("Ready"), pod.condition("ContainersReady")
    closed = ready and ready.status != "True" and ready.reason == "ReadinessGatesNotReady"
    if not ready or not closed or not inside or inside.status != "True":
        return None
    return Found(
        f"all containers are ready, but the pod is not: {one_line(ready.message)}",
        "find the controller that opens the gate (a load balancer's, for example): it does not run,"
        " or does not reach the pod",
        (
            shows(case, '.status.conditions[?(@.type=="Ready")].message', one_line(ready.message)),
            shows(case, '.status.conditions[?(@.type=="ContainersReady")].status', inside.status),
        ),
        (pod.described,),
        proven=True,
    )
