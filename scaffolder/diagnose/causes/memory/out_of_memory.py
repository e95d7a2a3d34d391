"""Memory that the host, the container or the program ran out of."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, logged
from scaffolder.diagnose.causes.silence.claims import WORK, last_line
from scaffolder.diagnose.evidence.log_search import ends_with_failure
from scaffolder.diagnose.evidence.phase import Phase

from .usage import KILLED, MIB, heap, killed_for_memory, size

NEAR = 0.95


@cause(
    "oom-start",
    "the memory limit is too small to start at all",
    pattern="memory",
    reads=["inspect"],
    when=Phase.START,
    explains=["limit-refused", "mount-fails"],
)
def oom_start(case: Case) -> Found | None:
    """Find a runtime that was itself killed by the container's memory limit."""
    if not re.search(
        r"OOM-killed|memory limit too low|cannot allocate memory|cannot set memory|memory\.limit",
        case.refusal,
        re.IGNORECASE,
    ):
        return None
    narrow = next((name for name in ("as", "data") if name in case.config.ulimits), "")
    if narrow and not case.config.memory:
        return Found(
            f"the ulimit {narrow} ({case.config.ulimits[narrow]}) leaves too little memory to start"
            " the container: the runtime itself gets none",
            f"raise it, or use --memory, which counts what is used: --ulimit {narrow}=...",
            (
                inspected(case, "State.Error", case.refusal),
                inspected(case, "HostConfig.Ulimits", f"{narrow}={case.config.ulimits[narrow]}"),
            ),
        )
    return Found(
        f"the memory limit of {size(case.config.memory)} is too small even to start the container"
        if case.config.memory
        else "the host does not have enough memory to start the container",
        "raise the limit: docker update --memory 128m --memory-swap 128m, or free memory on the"
        " host",
        (
            inspected(case, "State.Error", case.refusal),
            inspected(case, "HostConfig.Memory", case.config.memory),
        ),
        proven=bool(case.config.memory),
    )


HEAP_SHARE = 0.75
"""How much of its memory a virtual machine's heap may take; the rest is for itself."""


@cause(
    "oom-killed",
    "the process exceeded the memory limit and was killed by the kernel",
    pattern="memory",
    reads=["inspect", "events", "kernel"],
    cured_by=["memory"],
)
def oom_killed(case: Case) -> Found | None:
    """Find a main process that was killed because it ran out of memory."""
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
    more = max(2 * limit // MIB, 64)
    if limit and allowed and allowed > limit * HEAP_SHARE:
        text += f"; its heap may grow to {size(allowed)}, which does not fit into the limit"
        more = max(more, int(allowed / HEAP_SHARE) // MIB)
    return Found(
        text,
        f"raise the limit (--memory {more}m), or reduce memory use: a smaller heap, cache or batch",
        (*shown, ended(case), inspected(case, "HostConfig.Memory", limit)),
        (f"docker update --memory {more}m --memory-swap {more}m {case.target}",),
        proven=bool(limit),
    )


@cause(
    "oom-child",
    "a child process ran out of memory and was killed",
    pattern="memory",
    reads=["inspect", "events", "kernel", "live"],
    when=Phase.ENDED | Phase.RUNNING,
    cured_by=["memory"],
)
def oom_child(case: Case) -> Found | None:
    """Find a worker that the OOM killer killed, while PID 1 kept running or exited later."""
    shown = killed_for_memory(case)
    if not shown or (case.exit_code == KILLED and not case.is_up):
        return None
    limit, coped = case.config.memory, _has_coped(case)
    then = "PID 1 keeps running" if case.is_up else f"PID 1 then exited with {case.exit_code}"
    at = f"at the memory limit of {size(limit)}" if limit else "when it ran out of memory"
    return Found(
        f"a child process (a worker, not PID 1) was killed by the OOM killer {at}; {then}",
        "raise the limit (--memory), or run fewer or smaller workers"
        if case.is_up
        else "raise the limit (--memory), and let the wrapper pass on the exit status (exec the"
        " program as PID 1)",
        (
            *shown,
            *(() if case.is_up else (ended(case),)),
            inspected(case, "HostConfig.Memory", limit),
        ),
        proven=bool(limit) and not coped,
        basis=Basis.HINT if coped else None,
    )


def _has_coped(case: Case) -> bool:
    """Tell whether a job ended well after it had lost a child: it says last what it has done."""
    is_done = case.exit_code == 0 and not case.is_up and not case.config.must_stay
    lines = [line.text for line in case.lines]
    return is_done and bool(WORK.search(last_line(case))) and not ends_with_failure(lines)


@cause(
    "memory-near-limit",
    "memory has grown to the limit",
    pattern="memory",
    reads=["live", "inspect"],
    when=Phase.RUNNING,
    basis=Basis.HINT,
)
def memory_near_limit(case: Case) -> Found | None:
    """Find a container that will be killed soon."""
    limit, used = case.config.memory, case.usage.memory
    if not limit or used is None or used < NEAR * limit:
        return None
    return Found(
        f"memory use has grown to {size(used)} of the limit of {size(limit)}: the OOM"
        " killer will soon kill it",
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
    "the program could not allocate the memory it needed",
    pattern="memory",
    reads=["logs", "inspect"],
    explains=["aborted"],
    cured_by=["memory", "processes", "ulimit"],
)
def memory_exhausted(case: Case) -> Found | None:
    """Find a failed allocation, as any language reports it."""
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
        else f"the container's limit: {size(limit)}"
        if limit
        else "the container has no limit"
    )
    allowed = heap(case)
    more = f"; the heap is limited to {size(allowed)}" if allowed else ""
    return Found(
        f"the program ran out of memory: {case.line(match)[:200]} ({why}{more})",
        "raise the limit (--memory, -Xmx, --max-old-space-size), or reduce its memory use",
        (logged(case, match), inspected(case, "HostConfig.Memory", limit)),
    )
