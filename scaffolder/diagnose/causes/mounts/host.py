"""What the host does not give: devices, limits, log drivers, space."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import refused
from scaffolder.diagnose.evidence import inspected
from scaffolder.diagnose.phase import Phase


@cause(
    "device-missing",
    "a device, GPU or runtime that it asks for is not on this host",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=78,
)
def device_missing(case: Case) -> Found | None:
    """Find --device, --gpus and --runtime that the host cannot give."""
    match = re.search(
        r"error gathering device information[^\n]*|could not select device driver[^\n]*"
        r"|unknown runtime[^\n]*|nvidia-container[^\n]*|runtime \S+ not found[^\n]*|libcuda[^\n]*"
        r"|not a device node[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None:
        return None
    return Found(
        "the host does not have a device, GPU or runtime that the container asks for:"
        f" {match[0][:250]}",
        "start it without --device, --gpus or --runtime, or install the driver on the host",
        (refused(case), inspected(case, "HostConfig.Devices", match[0][:200])),
    )


@cause(
    "limit-refused",
    "a limit or kernel setting is refused by the host",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=74,
)
def limit_refused(case: Case) -> Found | None:
    """Find ulimits, sysctls, profiles and cgroup values that the runtime cannot set."""
    match = re.search(
        r"error setting rlimit[^\n]*|sysctl[^\n]*|apparmor[^\n]*|seccomp[^\n]*|cgroup[^\n]*"
        r"|oom_score_adj[^\n]*|unknown capability[^\n]*|selinux[^\n]*|argument list too long[^\n]*"
        r"|invalid hostname[^\n]*|sethostname[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None or re.search(r"OOM|memory", match[0]):
        return None
    return Found(
        f"the host refuses a limit, profile or setting of the container: {match[0][:250]}",
        "leave that option out, or correct its value (--ulimit, --sysctl, --security-opt,"
        " --cgroup-parent)",
        (refused(case), inspected(case, "HostConfig", match[0][:200])),
        proven=any(name in match[0] for name in (*case.config.ulimits, *case.config.sysctls)),
    )


@cause(
    "log-driver-fails",
    "the log driver cannot be started",
    pattern="environment",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.START,
    weight=80,
)
def log_driver_fails(case: Case) -> Found | None:
    """Find a log driver whose server does not answer."""
    if not re.search(
        r"failed to initialize logging driver|logging driver|log driver", case.refusal
    ):
        return None
    return Found(
        f"the log driver {case.config.log_driver} cannot be started: {case.refusal[-200:]}",
        "use --log-driver json-file or local, or correct the driver's address",
        (refused(case), inspected(case, "HostConfig.LogConfig.Type", case.config.log_driver)),
        proven=case.config.log_driver not in {"json-file", "local", "journald"},
    )


@cause(
    "start-disk-full",
    "the host's disk is full",
    pattern="environment",
    reads=["inspect"],
    page="check-resources",
    when=Phase.START,
    weight=85,
)
def start_disk_full(case: Case) -> Found | None:
    """Find a start that fails because nothing can be written."""
    if not re.search(r"no space left on device|disk quota exceeded", case.refusal):
        return None
    return Found(
        "the host has no space left on the disk that holds the containers",
        "free some: docker system df shows what is used; docker image prune removes what nothing"
        " uses",
        (refused(case),),
        ("docker system df",),
    )
