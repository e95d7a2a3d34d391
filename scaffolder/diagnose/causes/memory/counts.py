"""Limits of how many: processes, threads and open files."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import inspected, live, logged
from scaffolder.diagnose.phase import Phase


@cause(
    "pids-limit",
    "the limit of processes is reached",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    weight=86,
)
def pids_limit(case: Case) -> Found | None:
    """Find a thread or process that could not be created."""
    match = case.said(
        r"[^\n]*(?:can't start new thread|resource temporarily unavailable|can't fork|cannot fork"
        "|unable to create (?:new )?native thread|pthread_create failed"
        r"|failed to create new OS thread|fork: retry|EAGAIN[^\n]*(?:fork|spawn)|spawn[^\n]*EAGAIN"
        r"|failed to spawn thread|newosproc)[^\n]*"
    )
    if match is None:
        return None
    limit = case.config.pids or case.config.ulimits.get("nproc", 0)
    return Found(
        (
            f"the limit of {limit} processes and threads (pids limit) is reached: no more can be"
            " created"
        )
        if limit
        else (
            "no more threads or processes can be created: a limit of the host, or of memory, is"
            " reached"
        ),
        f"raise it: --pids-limit {max(limit * 10, 512)}, or start fewer threads",
        (logged(case, match), inspected(case, "HostConfig.PidsLimit", case.config.pids)),
        (f"docker update --pids-limit {max(limit * 10, 512)} {case.target}",),
        proven=bool(limit),
    )


@cause(
    "pids-near-limit",
    "a running container has used up its processes",
    pattern="memory",
    reads=["live", "inspect"],
    page="check-resources",
    when=Phase.RUNNING,
    weight=62,
)
def pids_near_limit(case: Case) -> Found | None:
    """Find a container at its pids limit, by leaked processes or zombies."""
    limit, used = case.config.pids, case.usage.pids
    if not limit or used is None or used < limit:
        return None
    zombies = sum(p.state.startswith("Z") for p in case.processes or ())
    what = f", {zombies} of them zombies that process 1 does not reap" if zombies else ""
    return Found(
        f"the limit of {limit} processes and threads (pids limit) is reached: {used} are in"
        f" use{what}",
        "raise --pids-limit"
        + (
            ", and run it with --init, which reaps zombies"
            if zombies
            else ", and look for what starts so many"
        ),
        (
            live(case, "cat /sys/fs/cgroup/pids.current", str(used)),
            inspected(case, "HostConfig.PidsLimit", limit),
        ),
        proven=True,
    )


@cause(
    "files-limit",
    "the limit of open files is reached",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED | Phase.RUNNING,
    weight=84,
)
def files_limit(case: Case) -> Found | None:
    """Find EMFILE."""
    match = case.said(
        r"[^\n]*(?:too many open files|no file descriptors available|EMFILE|ENFILE|errno 24\b"
        r"|NoFile)[^\n]*"
    )
    if match is None:
        return None
    limit = case.config.ulimits.get("nofile", 0)
    at = f"of {limit} " if limit else ""
    watch = "inotify" in case.line(match).lower() or "watch" in case.line(match).lower()
    return Found(
        f"the limit {at}of open files (ulimit nofile{' or inotify instances' if watch else ''}) is"
        " reached: too many open files",
        "raise it (--ulimit nofile=65536:65536), and look for files and connections that are"
        " never closed",
        (
            logged(case, match),
            inspected(case, "HostConfig.Ulimits", dict(case.config.ulimits) or "daemon's default"),
        ),
        proven=bool(limit),
    )
