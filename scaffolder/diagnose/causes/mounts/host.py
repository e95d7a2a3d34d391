"""What the host does not provide: devices, limits, log drivers, space."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.evidence.phase import Phase


def _names_a_limit(case: Case, match: re.Match[str]) -> bool:
    return any(name in match[0] for name in (*case.config.ulimits, *case.config.sysctls))


def _has_a_server(case: Case, _match: re.Match[str]) -> bool:
    return case.config.log_driver not in {"json-file", "local", "journald"}


SIGNATURES = table(__name__, (
    Signature(
        id="device-missing",
        title="the host lacks a device, GPU or runtime that the container asks for",
        pattern="environment", page="check-resources", reads=("inspect",), when=Phase.START,
        rows=(Row(
            r"error gathering device information[^\n]*|could not select device driver[^\n]*"
            r"|unknown runtime[^\n]*|nvidia-container[^\n]*|runtime \S+ not found[^\n]*"
            r"|libcuda[^\n]*|not a device node[^\n]*",
            "the host does not have a device, GPU or runtime that the container asks for:"
            " {said:.250}",
            "start it without --device, --gpus or --runtime, or install the driver on the host",
            whole=True,
        ),),
    ),
    Signature(
        id="limit-refused", title="the host refuses a setting of the container",
        pattern="environment", page="check-resources", reads=("inspect",), when=Phase.START,
        rows=(Row(
            r"error setting rlimit[^\n]*|sysctl[^\n]*|apparmor[^\n]*|seccomp[^\n]*|cgroup[^\n]*"
            r"|oom_score_adj[^\n]*|unknown capability[^\n]*|selinux[^\n]*"
            r"|argument list too long[^\n]*|invalid hostname[^\n]*|sethostname[^\n]*",
            "the host refuses a setting of the container: {said:.250}",
            "remove that option, or correct its value (--ulimit, --sysctl, --security-opt,"
            " --cgroup-parent)",
            unless=r"OOM|memory", whole=True, proves=_names_a_limit,
        ),),
    ),
    Signature(
        id="log-driver-fails", title="the log driver cannot be started",
        pattern="environment", page="check-status-and-logs", reads=("inspect",),
        when=Phase.START, shows=("log driver",),
        rows=(Row(
            r"logging driver|log driver",
            "the log driver {config.log_driver} cannot be started: {end}",
            "use --log-driver json-file or local, or correct the driver's address",
            proves=_has_a_server,
        ),),
    ),
    Signature(
        id="start-disk-full", title="the host's disk is full",
        pattern="environment", page="check-resources", reads=("inspect",), when=Phase.START,
        explains=("mount-fails", "network-fails"),
        rows=(Row(
            r"no space left on device|disk quota exceeded",
            "the host has no space left on the disk that holds the containers",
            "free some space: docker system df shows the usage; docker image prune removes"
            " dangling images",
            ("docker system df",),
        ),),
    ),
))  # fmt: skip
