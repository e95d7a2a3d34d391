"""Space on disks, in tmpfs and in shared memory."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged
from scaffolder.diagnose.causes.identity.denials import paths_in
from scaffolder.diagnose.evidence.phase import Phase

from .usage import size


@cause(
    "disk-full",
    "there is no space left where the program writes",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED | Phase.RUNNING,
    cured_by=["space"],
)
def disk_full(case: Case) -> Found | None:
    """Find ENOSPC: on a small tmpfs, in /dev/shm, or on the host's disk."""
    match = case.said(
        r"[^\n]*(?:no space left on device|ENOSPC|errno 28\b|disk(?: is)? full|disk quota exceeded"
        r"|StorageFull|could not resize shared memory)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    path = next(reversed(paths_in(line)), "")
    small = {
        **{t: o for t, o in case.config.tmpfs.items() if "size" in o},
        "/dev/shm": f"size={case.config.shm}",
    }
    shared = "shared memory" in line or "/dev/shm" in line
    place = "/dev/shm" if shared else next((t for t in small if path.startswith(t + "/")), "")
    if not place and len(case.config.tmpfs) == 1:
        place = next((t for t in case.config.tmpfs if t in small), "")
    limit = small.get(place, "")
    if "inotify" in line or "watch" in line:
        return Found(
            "the host's limit of inotify watches is reached (ENOSPC); the disk is not full",
            "sysctl fs.inotify.max_user_watches=524288 on the host",
            (logged(case, match),),
        )
    if place and "nr_inodes" in limit and _makes(case):
        return Found(
            f"{place}, a tmpfs of {limit}, has no inodes left: it holds as many files as it may,"
            " however small they are",
            f"give it more, or leave that out: --tmpfs {place}:nr_inodes=...; or make fewer files",
            (logged(case, match), inspected(case, "HostConfig.Tmpfs", dict(case.config.tmpfs))),
        )
    where = f"{place}, a tmpfs of {limit}" if place else (path or "the disk")
    fix = (
        "--shm-size 256m"
        if shared
        else f"--tmpfs {place}:size=256m"
        if place
        else "docker system df; df -h and df -i on the host; remove old data"
    )
    return Found(
        f"no space is left on {where}: what the program writes does not fit",
        f"give it more: {fix}",
        (
            logged(case, match),
            inspected(
                case, "HostConfig.Tmpfs", dict(case.config.tmpfs) or f"shm {case.config.shm}"
            ),
        ),
        proven=bool(place and path.startswith(place)),
    )


def _makes(case: Case) -> bool:
    """Tell whether there was no place for a file to be made, and not for what is in one."""
    call = case.seen.failed_call
    return call is not None and (call.makes or call.name.startswith(("link", "symlink", "rename")))


@cause(
    "shared-memory",
    "shared memory (/dev/shm) is too small",
    pattern="memory",
    reads=["inspect"],
    cured_by=["shm"],
)
def shared_memory(case: Case) -> Found | None:
    """Find SIGBUS, which a page of a full tmpfs causes."""
    says = case.said(r"bus error|SIGBUS|shared memory|shm")
    if case.exit_code != 135 and not (says and "bus" in case.line(says).lower()):
        return None
    return Found(
        "killed by SIGBUS (135): a page of a mapped file could not be loaded, most often because"
        f" /dev/shm ({size(case.config.shm)}) is full, or because a mapped file was truncated",
        "--shm-size 256m (or --ipc=host); for a mapped file, find what truncates it",
        (
            ended(case),
            inspected(case, "HostConfig.ShmSize", case.config.shm),
            *((logged(case, says),) if says else ()),
        ),
        (f"docker run --shm-size 256m {case.config.image}",),
    )
