"""What is known about a pod of Kubernetes, as plain values, the same live or recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scaffolder.text import command

WAITING, RUNNING, TERMINATED = "waiting", "running", "terminated"
NODE_SIDE = {"NodeLost", "NodeStatusUnknown", "ContainerStatusUnknown", "Unknown"}
"""Reasons that say that the node did not tell how it ended."""


@dataclass(frozen=True)
class Ending:
    """How a run of a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started: datetime | None = None
    finished: datetime | None = None

    @property
    def seconds(self) -> float:
        """How long the run lasted; 0 if that is unknown."""
        if not self.started or not self.finished:
            return 0.0
        return max((self.finished - self.started).total_seconds(), 0.0)


@dataclass(frozen=True)
class Probed:
    """A probe of a container: what it asks, and how long it may take."""

    kind: str
    """liveness, readiness or startup."""
    asks: str
    delay: float = 0.0
    timeout: float = 1.0
    period: float = 10.0
    failures: int = 3

    @property
    def allows(self) -> float:
        """For how many seconds after a start it may fail without consequences."""
        return self.delay + self.period * self.failures


@dataclass(frozen=True)
class Container:
    """A container of a pod: what its status says, and its probes."""

    name: str
    kind: str = "container"
    """container, init (runs before the others), or sidecar (an init container that stays)."""
    image: str = ""
    status: str = ""
    """waiting, running, terminated; empty if the kubelet has not reported it."""
    reason: str = ""
    message: str = ""
    ready: bool = False
    restarts: int = 0
    started: datetime | None = None
    ended: Ending | None = None
    last: Ending | None = None
    """How the run before ended."""
    probes: tuple[Probed, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    run_as_non_root: bool = False
    grace_hook: bool = False
    """It has a `preStop`, which runs within the grace period."""

    @property
    def ending(self) -> Ending | None:
        """How its last run ended, if one has."""
        return self.ended or self.last

    def probe(self, kind: str) -> Probed | None:
        """Return its probe of a kind."""
        return next((probe for probe in self.probes if probe.kind == kind), None)


@dataclass(frozen=True)
class Note:
    """An event of the pod, in the cluster's words."""

    time: float
    reason: str
    message: str
    count: int = 1
    container: str = ""
    is_warning: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition of a pod, a node or a workload."""

    kind: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Node:
    """The node that the pod is on."""

    name: str
    architecture: str = ""
    conditions: tuple[Condition, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class Pod:
    """A pod, or a workload that has none: then its name is empty."""

    name: str
    namespace: str
    chosen: Container
    """The container that is looked at."""
    context: str = ""
    """The context of the kubeconfig that was asked for; empty for the current one."""
    containers: tuple[Container, ...] = ()
    phase: str = ""
    reason: str = ""
    message: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    deleted: datetime | None = None
    """When it was to be gone, if it was asked to stop."""
    finalizers: tuple[str, ...] = ()
    grace: int = 30
    restart_policy: str = "Always"
    workload: str = ""
    """What made it, such as deployment/orders; empty for a pod by itself."""
    volumes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name of a volume → its kind and what it is made of, such as ("secret", "orders")."""
    references: tuple[tuple[str, str], ...] = ()
    """Kind and name of what the chosen container takes variables from."""
    takes_all: bool = False
    """It takes every variable of a ConfigMap or a Secret: their names are not known."""
    service_links: bool = True
    """It gets variables for each Service of its namespace."""
    conditions: tuple[Condition, ...] = ()
    notes: tuple[Note, ...] = ()
    node: Node | None = None
    node_name: str = ""
    services: tuple[str, ...] = ()
    """The Services that select it."""

    def condition(self, kind: str) -> Condition | None:
        """Return a condition of the pod."""
        return next((found for found in self.conditions if found.kind == kind), None)

    def noted(self, *reasons: str) -> Note | None:
        """Return the last event with one of some reasons: the chosen container's, or the pod's."""
        found = (n for n in self.notes if n.reason in reasons and self._concerns(n))
        return max(found, key=lambda note: note.time, default=None)

    def _concerns(self, note: Note) -> bool:
        return note.container in ("", self.chosen.name)

    def typed(self, *words: str) -> str:
        """Return a command of kubectl to type."""
        context = ("--context", self.context) if self.context else ()
        return command("kubectl", *context, "-n", self.namespace, *words)

    @property
    def described(self) -> str:
        """The command that shows what the cluster says of it."""
        kind, _, name = ("", "", self.name) if self.name else self.workload.partition("/")
        return self.typed("describe", kind or "pod", name)

    def setting(self, verb: str, *words: str) -> tuple[str, ...]:
        """Return what to type for another variable, image or limit of the chosen container.

        These cannot be changed in a pod that exists: one that nothing made is replaced.
        """
        if not self.workload or self.workload.startswith("job/"):
            return self.replaced()
        option = ("--containers", self.chosen.name) if verb != "image" else ()
        return (self.typed("set", verb, self.workload, *option, *words),)

    def replaced(self) -> tuple[str, ...]:
        """Return what to type for a change of the manifest."""
        if self.workload and not self.workload.startswith("job/"):
            return (self.typed("edit", self.workload),)
        what = self.workload or f"pod/{self.name}"
        file = f"{what.rpartition('/')[2]}.yaml"
        return (
            f"{self.typed('get', what, '-o', 'yaml')} >{file}  # then correct it",
            self.typed("replace", "--force", "-f", file),
        )

    def restarted(self) -> tuple[str, ...]:
        """Return what to type for new pods from the same manifest."""
        if self.workload and not self.workload.startswith(("job/", "replicaset/")):
            return (self.typed("rollout", "restart", self.workload),)
        return (self.typed("delete", "pod", self.name),) if self.workload else self.replaced()

    @property
    def manifest(self) -> str:
        """Where its manifest is, for a sentence."""
        own = self.labels.get("app.kubernetes.io/name") == self.chosen.name
        if own and self.labels.get("app.kubernetes.io/component") == "server":
            return "deploy/kubernetes/base/deployment.yaml (stage kubernetes)"
        return "its manifest"
