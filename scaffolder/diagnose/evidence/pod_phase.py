"""How far a pod's container got, and how its last run ended, from what its status says."""

from datetime import datetime

from .facts import Event, State
from .phase import OUTLIVED, SETTLED_SECONDS, Phase
from .pod import NODE_SIDE, RUNNING, TERMINATED, WAITING, Container, Pod

REFUSED = {"StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"}
"""Reasons with which the runtime could not start the program."""
STARTING = {"", "ContainerCreating", "PodInitializing"}
"""Reasons of a container that is on its way."""
EXPECTED_SECONDS = 60.0
"""How long a pod may take to be scheduled, and to get its volumes and images."""
LATE_SECONDS = 30.0
"""How long after its grace period a pod may still be there."""
RECENT_SECONDS = 3600.0
"""How long a single death is worth a look: the cluster keeps its events for an hour."""
DAY_SECONDS = 86400.0
TROUBLE = (
    "FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox",
    "FailedCreatePodContainer", "FailedCreate",
)  # fmt: skip
"""Events that say why a pod is not started."""


def phase(pod: Pod, now: datetime) -> Phase:  # noqa: PLR0911 - one answer per line
    """Return how far the chosen container got at `now`."""
    chosen = pod.chosen
    if not pod.name:
        return Phase.START
    if pod.reason and pod.phase == "Failed":
        return Phase.DIED
    if pod.deleted:
        late = (now - pod.deleted).total_seconds() > LATE_SECONDS
        return Phase.RUNNING if late else Phase.STOPPED
    if chosen.status == RUNNING:
        return Phase.DIED if is_looping(chosen, now) else Phase.RUNNING
    ending = chosen.ending
    if ending and (ending.reason in REFUSED or chosen.reason in REFUSED):
        return Phase.START
    waits = chosen.status == WAITING and chosen.reason not in {"CrashLoopBackOff", *STARTING}
    if waits:
        return Phase.START  # it may have run before, and cannot be started again
    if ending:
        stays = pod.restart_policy == "Always" and chosen.kind != "init"
        return Phase.DIED if ending.exit_code or stays else Phase.FINISHED
    young = _age(pod, now) < EXPECTED_SECONDS and not pod.noted(*TROUBLE)
    return Phase.CREATED if young else Phase.START


def is_looping(chosen: Container, now: datetime) -> bool:
    """Tell whether it runs at this moment only between two deaths.

    One that runs for much longer than before has recovered; so has one that the node lost.
    """
    last = chosen.last
    if not chosen.restarts or not last or not chosen.started or last.reason in NODE_SIDE:
        return False
    up = (now - chosen.started).total_seconds()
    again = up < min(OUTLIVED * last.seconds, DAY_SECONDS)
    return up < SETTLED_SECONDS or (again and (chosen.restarts > 1 or up < RECENT_SECONDS))


def state(pod: Pod, now: datetime) -> State:
    """Return the state of the run that matters: that of one which only pauses is its last."""
    chosen, ending = pod.chosen, pod.chosen.ending
    if chosen.status == RUNNING and not is_looping(chosen, now):
        return State(status="running", started=chosen.started)
    if ending is None:
        return State(status="created", error=chosen.message or chosen.reason)
    over = chosen.status == TERMINATED and (
        pod.restart_policy == "Never"
        or pod.phase in {"Succeeded", "Failed"}
        or not ending.exit_code
    )
    refused = {chosen.reason, ending.reason} & REFUSED
    error = chosen.message if chosen.status == WAITING and refused else ""
    return State(
        status="exited" if over else "restarting",
        exit_code=ending.exit_code,
        error=(ending.message or error) if refused else "",
        oom_killed=ending.reason == "OOMKilled",
        started=ending.started,
        finished=ending.finished,
    )


def events(pod: Pod) -> tuple[Event, ...]:
    """Return what happened to the chosen container and its pod, oldest first."""
    found = [
        Event(note.time, f"{note.reason}: {' '.join(note.message.split())[:200]}")
        for note in pod.notes
        if note.container in ("", pod.chosen.name)
    ]
    for ending in filter(None, (pod.chosen.last, pod.chosen.ended)):
        if ending.started:
            found.append(Event(ending.started.timestamp(), "start"))
        if ending.finished:
            at = ending.finished.timestamp()
            found += [Event(at, "oom")] if ending.reason == "OOMKilled" else []
            found.append(Event(at, "die", ending.exit_code))
    if pod.chosen.started:
        found.append(Event(pod.chosen.started.timestamp(), "start"))
    return tuple(sorted(found, key=lambda event: event.time))


def _age(pod: Pod, now: datetime) -> float:
    return (now - pod.created).total_seconds() if pod.created else EXPECTED_SECONDS
