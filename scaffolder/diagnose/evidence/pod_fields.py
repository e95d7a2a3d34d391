"""Where a pod has what `docker inspect` says of a container."""

from .pod import TERMINATED, WAITING, Pod

FIELDS = {
    "Config": "",
    "Config.Cmd": "['command','args']",
    "Config.Env": ".env",
    "Config.User": ".securityContext.runAsUser",
    "Config.WorkingDir": ".workingDir",
    "Config.Tty": ".tty",
    "Config.OpenStdin": ".stdin",
    "HostConfig.Memory": ".resources.limits.memory",
    "HostConfig.ReadonlyRootfs": ".securityContext.readOnlyRootFilesystem",
    "HostConfig.SecurityOpt": ".securityContext",
    "HostConfig.CapDrop": ".securityContext.capabilities",
    "HostConfig.CapAdd": ".securityContext.capabilities",
    "Mounts": ".volumeMounts",
}
"""A field of a container → where the container of a pod's specification has it."""
STATUS = {"State.Status": ".state", "RestartCount": ".restartCount"}
ENDING = {"State.ExitCode": ".exitCode", "State.OOMKilled": ".reason", "State.Error": ".message"}
WHOLE = {"HostConfig.RestartPolicy.Name": ".spec.restartPolicy"}


def command(pod: Pod, field: str) -> str:
    """Return the command of kubectl that shows a field of `docker inspect`."""
    chosen = pod.chosen
    kind = "initContainer" if chosen.kind in {"init", "sidecar"} else "container"
    one = f'[?(@.name=="{chosen.name}")]'
    status = f".status.{kind}Statuses{one}"
    if field in WHOLE:
        path = WHOLE[field]
    elif field in STATUS:
        path = f"{status}{STATUS[field]}"
    elif field in ENDING:
        path = f"{status}{_run(pod, field)}{ENDING[field]}"
    else:
        path = f".spec.{kind}s{one}{FIELDS.get(field, '')}"
    return shown(pod, path)


def shown(pod: Pod, path: str) -> str:
    """Return the command of kubectl that shows a part of the pod's document."""
    what = ("get", "pod", pod.name) if pod.name else ("get", pod.workload)
    return pod.typed(*what, "-o", f"jsonpath={{{path}}}")


def _run(pod: Pod, field: str) -> str:
    """Return where the run is that matters: the last one, unless it has not begun, or is over."""
    if field == "State.Error" and pod.chosen.status == WAITING and not pod.chosen.last:
        return f".state.{WAITING}"
    return f".state.{TERMINATED}" if pod.chosen.ended else f".lastState.{TERMINATED}"
