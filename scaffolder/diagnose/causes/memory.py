"""Limits: memory of container, program or host, processes, open files, space, processors."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, ended, happened, inspected, live, logged
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.kernel import kills_in

MIB = 1024 * 1024
NEAR = 0.95
KILLED = 137
HEAP = re.compile(r"(?:-Xmx|-XX:MaxHeapSize=|--max[-_]old[-_]space[-_]size[= ])(\d+)([kKmMgG]?)")


def size(number: int) -> str:
    """Return a number of bytes in MiB."""
    return f"{number / MIB:.0f} MiB"


def heap(case: Case) -> int:
    """Return the heap that the command or the environment allows, in bytes; 0 if none is set."""
    variables = (
        case.config.env.get(k, "")
        for k in (
            "JAVA_OPTS",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "NODE_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "CATALINA_OPTS",
        )
    )
    texts = [
        *case.config.argv,
        *variables,
        *(s.script.text for s in case.launched if s.script and s.script.language == "sh"),
    ]
    match = HEAP.search(" ".join(texts))
    if not match:
        return 0
    unit = match[2].lower() or ("m" if "space" in match[0] else "")
    return int(match[1]) * {"": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}[unit]


def killed_for_memory(case: Case) -> list[Evidence]:
    """Return what shows that the kernel killed something in the container for its memory."""
    found = []
    if case.state.oom_killed:
        found.append(inspected(case, "State.OOMKilled", "true"))
    if any(event.action == "oom" for event in case.events):
        found.append(happened(case, "oom"))
    if case.usage.oom_kills:
        found.append(
            live(case, "cat /sys/fs/cgroup/memory.events", f"oom_kill {case.usage.oom_kills}")
        )
    kills = kills_in(case.kernel, case.identity_number)
    if kills:
        found.append(Evidence("kernel", "dmesg | grep oom-kill", kills[-1].text[-160:]))
    return found


@cause(
    "oom-start",
    "the memory limit is too small to start at all",
    pattern="memory",
    reads=["inspect"],
    page="pattern-memory",
    when=Phase.START,
    weight=88,
)
def oom_start(case: Case) -> Found | None:
    """Find a runtime that was itself killed for the container's memory."""
    if not re.search(
        r"OOM-killed|memory limit too low|cannot allocate memory|cannot set memory|memory\.limit",
        case.refusal,
        re.IGNORECASE,
    ):
        return None
    return Found(
        f"the memory limit of {size(case.config.memory)} is too small even to start the container"
        if case.config.memory
        else "the host has not enough memory to start the container",
        "raise the limit: docker update --memory 128m --memory-swap 128m, or free memory of the"
        " host",
        (
            inspected(case, "State.Error", case.refusal),
            inspected(case, "HostConfig.Memory", case.config.memory),
        ),
        proven=True,
    )


@cause(
    "oom-killed",
    "the process exceeded the memory limit and was killed by the kernel",
    pattern="memory",
    reads=["inspect", "events", "kernel"],
    page="pattern-memory",
    when=Phase.DIED,
    weight=92,
)
def oom_killed(case: Case) -> Found | None:
    """Find the main process killed for its memory."""
    shown = killed_for_memory(case)
    if case.exit_code != KILLED or not shown:
        return None
    limit, allowed = case.config.memory, heap(case)
    at = (
        f"the memory limit of {size(limit)}"
        if limit
        else "the memory of its control group or of the host"
    )
    text = f"the process exceeded {at} and was killed by the OOM killer (exit code 137)"
    if limit and allowed and allowed > limit * 0.75:
        text += f"; its heap may grow to {size(allowed)}, which does not fit into that limit"
    return Found(
        text,
        f"raise the limit (--memory {max(2 * limit // MIB, 64)}m), or have it use less: a smaller"
        " heap, cache or batch",
        (*shown, ended(case), inspected(case, "HostConfig.Memory", limit)),
        (
            (
                f"docker update --memory {max(2 * limit // MIB, 64)}m --memory-swap"
                f" {max(2 * limit // MIB, 64)}m {case.target}"
            ),
        ),
        proven=bool(limit),
    )


@cause(
    "oom-child",
    "a child process was killed for its memory",
    pattern="memory",
    reads=["inspect", "events", "kernel", "live"],
    page="pattern-memory",
    when=Phase.ENDED | Phase.RUNNING,
    weight=90,
)
def oom_child(case: Case) -> Found | None:
    """Find a worker killed for its memory while process 1 went on, or ended with another status."""
    shown = killed_for_memory(case)
    if not shown or (case.exit_code == KILLED and not case.is_up):
        return None
    limit = case.config.memory
    then = (
        "process 1 goes on without it"
        if case.is_up
        else f"process 1 then ended with {case.exit_code}"
    )
    at = f"at the memory limit of {size(limit)}" if limit else "for its memory"
    return Found(
        f"a child process (a worker, not process 1) was killed by the OOM killer {at}; {then}",
        "raise the limit (--memory), and let the wrapper pass on the exit status (exec the"
        " program as process 1)",
        (
            *shown,
            *(() if case.is_up else (ended(case),)),
            inspected(case, "HostConfig.Memory", limit),
        ),
        proven=bool(limit),
    )


@cause(
    "memory-near-limit",
    "memory has grown to the limit",
    pattern="memory",
    reads=["live", "inspect"],
    page="pattern-memory",
    when=Phase.RUNNING,
    weight=60,
)
def memory_near_limit(case: Case) -> Found | None:
    """Find a container that will be killed soon."""
    limit, used = case.config.memory, case.usage.memory
    if not limit or used is None or used < NEAR * limit:
        return None
    return Found(
        f"memory use has grown to {size(used)} of the limit of {size(limit)}: it is slow, and will"
        " be killed by the OOM killer soon",
        "raise the limit now (docker update --memory), then look for what grows: docker stats",
        (
            Evidence(
                "live", f"docker stats --no-stream {case.target}", f"{size(used)} / {size(limit)}"
            ),
            inspected(case, "HostConfig.Memory", limit),
        ),
        (
            (
                f"docker update --memory {2 * limit // MIB}m --memory-swap {2 * limit // MIB}m"
                f" {case.target}"
            ),
        ),
        proven=True,
    )


@cause(
    "memory-exhausted",
    "the program could not get the memory that it asked for",
    pattern="memory",
    reads=["logs", "inspect"],
    page="pattern-memory",
    when=Phase.DIED,
    weight=76,
)
def memory_exhausted(case: Case) -> Found | None:
    """Find a failed allocation, in the words of any language."""
    match = case.said(
        r"[^\n]*(?:cannot allocate memory|out of memory|memory allocation of \d+ bytes failed"
        "|std::bad_alloc|MemoryError|OutOfMemoryError|heap out of memory|not enough memory"
        "|insufficient memory|Allowed memory size|NoMemoryError|could not reserve enough space"
        r"|ENOMEM)[^\n]*"
    )
    if match is None:
        return None
    limit, address = case.config.memory, case.config.ulimits.get("as", 0)
    why = (
        f"ulimit -v {size(address)}"
        if address
        else f"limit of the container: {size(limit)}"
        if limit
        else "no limit of the container"
    )
    allowed = heap(case)
    more = f"; the heap is limited to {size(allowed)}" if allowed else ""
    return Found(
        f"the program ran out of memory: {case.line(match)[:200]} ({why}{more})",
        "raise what limits it (--memory, -Xmx, --max-old-space-size), or have it use less",
        (logged(case, match), inspected(case, "HostConfig.Memory", limit)),
    )


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


@cause(
    "disk-full",
    "there is no space left where the program writes",
    pattern="memory",
    reads=["logs", "inspect"],
    page="check-resources",
    when=Phase.ENDED | Phase.RUNNING,
    weight=82,
)
def disk_full(case: Case) -> Found | None:
    """Find ENOSPC: on a small tmpfs, in /dev/shm, or on the host's disk."""
    from .identity import paths_in

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
            "the host's limit of inotify watches is reached (ENOSPC), not of space",
            "sysctl fs.inotify.max_user_watches=524288 on the host",
            (logged(case, match),),
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


@cause(
    "shared-memory",
    "shared memory (/dev/shm) is too small",
    pattern="memory",
    reads=["inspect"],
    page="pattern-memory",
    when=Phase.DIED,
    weight=64,
)
def shared_memory(case: Case) -> Found | None:
    """Find SIGBUS, which a page of a full tmpfs causes."""
    says = case.said(r"bus error|SIGBUS|shared memory|shm")
    if case.exit_code != 135 and not (says and "bus" in case.line(says).lower()):
        return None
    return Found(
        "killed by SIGBUS (135): a page of a mapped file could not be had, most often because"
        f" /dev/shm ({size(case.config.shm)}) is full, or because a mapped file was cut short",
        "--shm-size 256m (or --ipc=host); for a mapped file, look who truncates it",
        (
            ended(case),
            inspected(case, "HostConfig.ShmSize", case.config.shm),
            *((logged(case, says),) if says else ()),
        ),
        (f"docker run --shm-size 256m {case.config.image}",),
    )


@cause(
    "file-size-limit",
    "a limit of file size or processor time is exceeded",
    pattern="memory",
    reads=["inspect"],
    page="check-resources",
    when=Phase.DIED,
    weight=70,
)
def file_size_limit(case: Case) -> Found | None:
    """Find SIGXFSZ and SIGXCPU, by which ulimits end a process."""
    name = {153: "fsize", 152: "cpu"}.get(case.exit_code)
    said = case.said(
        r"file size limit exceeded|file too large|EFBIG|errno 27\b|cpu time limit exceeded"
    )
    name = name or ("fsize" if said and "fsize" in case.config.ulimits else None)
    if name is None:
        return None
    limit = case.config.ulimits.get(name)
    what = (
        "a file grew beyond the limit of file size"
        if name == "fsize"
        else "the process used up its processor time"
    )
    return Found(
        f"{what} (ulimit {name}{f' of {limit}' if limit else ''})",
        f"raise it: --ulimit {name}=-1",
        (ended(case), inspected(case, "HostConfig.Ulimits", dict(case.config.ulimits))),
        proven=limit is not None,
    )


@cause(
    "stack-overflow",
    "the stack is exhausted",
    pattern="memory",
    reads=["logs", "inspect"],
    page="pattern-memory",
    when=Phase.DIED,
    weight=80,
)
def stack_overflow(case: Case) -> Found | None:
    """Find endless recursion, or a small ulimit of the stack, in the words of any language."""
    match = case.said(
        r"[^\n]*(?:has overflowed its stack|stack overflow|StackOverflowError"
        "|maximum recursion depth exceeded|Maximum call stack size exceeded"
        r"|goroutine stack exceeds|stack level too deep)[^\n]*"
    )
    limit = case.config.ulimits.get("stack", 0)
    if match is None and not (limit and case.exit_code == 139):
        return None
    small = f"; its stack is limited to {size(limit)} (ulimit stack)" if limit else ""
    return Found(
        f"the program's stack overflowed: recursion without an end, or too deep{small}",
        "end the recursion; if it must be deep, raise --ulimit stack, -Xss or RUST_MIN_STACK",
        (
            (logged(case, match) if match else ended(case)),
            inspected(case, "HostConfig.Ulimits", dict(case.config.ulimits)),
        ),
    )


@cause(
    "cpu-starved",
    "the limit of processors holds it back nearly all of the time",
    pattern="memory",
    reads=["live", "inspect"],
    page="check-resources",
    when=Phase.RUNNING,
    weight=66,
)
def cpu_starved(case: Case) -> Found | None:
    """Find a container that is too slow to answer for its limit of processors."""
    held, cpus = case.usage.throttled, case.config.cpus
    unwell = case.state.health is not None and case.state.health.status != "healthy"
    deaf = any(s.waiting for s in case.sockets or ()) or (
        case.config.published and not case.sockets
    )
    if not cpus or held is None or held < 0.6 or not (unwell or deaf):
        return None
    return Found(
        f"its limit of {cpus:g} processors (--cpus) holds it back in {held:.0%} of the periods: it"
        " starts and answers too slowly",
        "raise it: docker update --cpus 1",
        (
            live(case, "cat /sys/fs/cgroup/cpu.stat", f"throttled in {held:.0%} of the periods"),
            inspected(case, "HostConfig.NanoCpus", f"{cpus:g}e9"),
        ),
        (f"docker update --cpus 1 {case.target}",),
    )
