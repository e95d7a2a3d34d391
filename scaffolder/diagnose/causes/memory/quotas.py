"""Limits of one process: file size, processor time, stack; and of processors."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, inspected, live, logged
from scaffolder.diagnose.phase import Phase

from .usage import size


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
