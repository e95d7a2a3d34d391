"""Init systems of whole machines, which end without a word where they may not mount."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, nothing_logged
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

REFUSED = 255
"""What systemd ends with if it cannot mount what it needs; it says why on a terminal alone."""


@cause(
    "init-system",
    "systemd, the init system of a whole machine, is the program of the container",
    pattern="process",
    reads=["inspect", "files", "logs"],
    when=Phase.DIED,
    basis=Basis.QUOTED,
)
def init_system(case: Case) -> Found | None:
    """Find systemd as PID 1, which mounts file systems and owns the control groups."""
    first = next(iter(case.launched), None)
    program = first.program if first else None
    entry = resolved(case.files, program.path) if program else None
    if entry is None or basename(entry.path) != "systemd":
        return None
    if case.exit_code != REFUSED or not case.is_silent:
        return None
    return Found(
        f"{entry.path} starts a whole machine: it mounts file systems and manages control"
        " groups, which a container may not, and ends with 255; why, it tells a terminal alone",
        "run the service itself as the command of the container, in the foreground; if it has to"
        " be systemd: podman run --systemd=always, or docker run --tmpfs /run --tmpfs /run/lock"
        " --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw --cap-add SYS_ADMIN",
        (
            inspected(case, "Config.Cmd", list(case.config.argv)),
            ended(case),
            nothing_logged(case),
        ),
        (f"docker run --rm -t {case.config.image}",),
    )
