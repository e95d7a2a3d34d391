"""Limits on processes, threads, open files and locked memory."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected, live, logged
from scaffolder.diagnose.causes.identity.capabilities import adds
from scaffolder.diagnose.causes.silence.readings import natives, quiet
from scaffolder.diagnose.evidence.phase import Phase

SPARE = 2
"""A container that fails to fork is just below its limit most of the time."""
BY_CGROUP = "(pids limit)", "--pids-limit "
LOCKS = re.compile(r"lock|SETLK|fcntl", re.IGNORECASE)
"""What is refused with the same error: memory to be locked, and a lock that another one holds."""


@cause(
    "pids-limit",
    "the process limit is reached",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["memory-exhausted"],
    cured_by=["processes", "ulimit nproc"],
)
def pids_limit(case: Case) -> Found | None:
    """Find a thread or process that could not be created."""
    match = case.said(
        r"[^\n]*(?:can't start new thread|resource temporarily unavailable|can't fork|cannot fork"
        "|unable to create (?:new )?native thread|pthread_create failed"
        r"|failed to create new OS thread|fork: retry|EAGAIN[^\n]*(?:fork|spawn)|spawn[^\n]*EAGAIN"
        r"|failed to spawn thread|newosproc)[^\n]*"
    )
    if match is None or LOCKS.search(match[0]):
        return None
    of_user = case.config.ulimits.get("nproc", 0)
    limit = case.config.pids or of_user
    by_user = not case.config.pids and bool(of_user)
    kind, option = ("of the user (ulimit nproc)", "--ulimit nproc=") if by_user else BY_CGROUP
    return Found(
        (f"the limit of {limit} processes and threads {kind} is reached: no more can be created")
        if limit
        else (
            "no more threads or processes can be created: a limit of the host, or of memory, is"
            " reached"
        ),
        f"see what fills it (docker top {case.target}, while it runs): children that nothing reaps"
        " stay as zombies, and need --init, not a higher limit; threads and"
        f" processes that work need {option}{max(limit * 10, 512)}, or fewer of them",
        (
            logged(case, match),
            inspected(case, "HostConfig.Ulimits", f"nproc={of_user}")
            if by_user
            else inspected(case, "HostConfig.PidsLimit", case.config.pids),
        ),
        proven=bool(limit),
    )


@cause(
    "pids-near-limit",
    "a running container has reached its process limit",
    pattern="memory",
    reads=["live", "inspect"],
    page="check-resources",
    when=Phase.RUNNING,
    basis=Basis.HINT,
)
def pids_near_limit(case: Case) -> Found | None:
    """Find a container at its pids limit."""
    limit, used = case.config.pids, case.usage.pids
    if not limit or used is None or used < limit:
        return None
    return Found(
        f"the limit of {limit} processes and threads (pids limit) is reached: {used} are in use",
        "raise --pids-limit, and find what starts that many processes",
        (
            live(case, "cat /sys/fs/cgroup/pids.current", str(used)),
            inspected(case, "HostConfig.PidsLimit", limit),
        ),
        proven=True,
    )


@cause(
    "zombies",
    "zombies fill the process limit, because nothing reaps them",
    pattern="process",
    reads=["live", "inspect"],
    page="check-resources",
    when=Phase.RUNNING,
)
def zombies(case: Case) -> Found | None:
    """Find zombies that take half of the limit, or more; a higher limit only fills later."""
    limit, used = case.config.pids, case.usage.pids
    dead = [p for p in case.processes or () if p.state.startswith("Z")]
    first = case.first
    if not limit or not first or not used or used < limit - SPARE or 2 * len(dead) < limit:
        return None
    return Found(
        f"{len(dead)} zombies fill the limit of {limit} processes, because PID 1"
        f" ({first.command[:60]}) does not reap its children: no more processes can be started",
        "run it with --init (init: true in compose), whose PID 1 reaps them, or wait for the"
        " children in the program; a higher --pids-limit only fills later",
        (
            live(case, "ps", f"{len(dead)} x {dead[0].state} {dead[0].command[:60]}"),
            live(case, "cat /sys/fs/cgroup/pids.current", str(used)),
            inspected(case, "HostConfig.PidsLimit", limit),
        ),
        (f"docker run --init ... {case.config.image}",),
        proven=not case.config.init,
    )


@cause(
    "files-limit",
    "the open files limit is reached",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED | Phase.RUNNING,
    explains=["memory-exhausted"],
    cured_by=["ulimit nofile"],
)
def files_limit(case: Case) -> Found | None:
    """Find EMFILE."""
    match = case.said(
        r"[^\n]*(?:too many open files|no file descriptors available|EMFILE|ENFILE|errno 24\b"
        r"|\bNoFile\b)[^\n]*"
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


SMALL = 8 << 20
"""The default limit of Docker, in bytes, is this or more."""
LOCKING = (b"\0mlockall\0", b"\0mlock\0", b"\0mlock2\0")


@cause(
    "locked-memory-limit",
    "the program locks more memory than it may",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["memory-exhausted", "capability-missing"],
    cured_by=["ulimit memlock", "capabilities"],
)
def locked_memory_limit(case: Case) -> Found | None:
    """Find mlock() refused: its errors are those of memory and of rights, and mean a limit."""
    match = case.said(
        r"[^\n]*\bmlock(?:all|2)?\b[^\n]*(?:cannot allocate memory|operation not permitted"
        r"|resource temporarily unavailable|ENOMEM|EPERM|EAGAIN)[^\n]*"
    )
    if match is None:
        return _locks(case)
    limit = case.config.ulimits.get("memlock")
    return Found(
        "the program locks more memory than the limit allows (ulimit memlock), and lacks"
        " CAP_IPC_LOCK, which lifts it",
        "raise it: --ulimit memlock=-1, or grant --cap-add IPC_LOCK",
        (
            logged(case, match),
            inspected(case, "HostConfig.Ulimits", f"memlock: {limit or 'the default of the host'}"),
        ),
    )


def _locks(case: Case) -> Found | None:
    """Find a small limit that was set, and a program that locks memory and ends without a word.

    After mlockall(MCL_FUTURE), it is the next allocation that fails.
    """
    limit = case.config.ulimits.get("memlock", -1)
    is_narrow = 0 <= limit < SMALL and not adds(case, "IPC_LOCK")
    if case.phase != Phase.DIED or not is_narrow or not quiet(case):
        return None
    for path, data, _program in natives(case):
        name = next((each for each in LOCKING if each in data), b"").strip(b"\0").decode()
        if name:
            return Found(
                f"{path} uses {name}(), and the container may lock {limit >> 10} KiB (ulimit"
                " memlock) without CAP_IPC_LOCK: what it allocates beyond that is refused",
                "raise it: --ulimit memlock=-1, or grant --cap-add IPC_LOCK",
                (
                    content(case, path, f"imports {name}"),
                    inspected(case, "HostConfig.Ulimits", f"memlock: {limit}"),
                    ended(case),
                ),
                basis=Basis.INFERRED,
            )
    return None
