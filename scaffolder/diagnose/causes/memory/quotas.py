"""Limits of one process (file size, CPU time, stack) and of CPUs."""

import signal

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, live, logged, watched
from scaffolder.diagnose.causes.signals.traces import crashed, kernel_message, kernel_words
from scaffolder.diagnose.evidence.kernel_log import lost_stack
from scaffolder.diagnose.evidence.phase import SIGNALLED, Phase

from .usage import size

BESIDE_STACK = "SIGSEGV beside the stack pointer, where the stack may not grow any further"


@cause(
    "file-size-limit",
    "a limit of a single process (ulimit) killed it",
    pattern="memory",
    reads=["inspect"],
    page="check-resources",
    cured_by=["ulimit fsize", "ulimit cpu"],
)
def file_size_limit(case: Case) -> Found | None:
    """Find SIGXFSZ and SIGXCPU, with which ulimits kill a process."""
    name = {153: "fsize", 152: "cpu"}.get(case.exit_code)
    said = case.said(
        r"file size limit exceeded|file too large|EFBIG|errno 27\b|cpu time limit exceeded"
    )
    name = name or ("fsize" if said and "fsize" in case.config.ulimits else None)
    if name is None:
        return None
    limit = case.config.ulimits.get(name)
    what = (
        "a file grew beyond the file size limit"
        if name == "fsize"
        else "the process used up its CPU time"
    )
    return Found(
        f"{what} (ulimit {name}{f' of {limit}' if limit else ''})",
        f"raise it: --ulimit {name}=-1",
        (ended(case), inspected(case, "HostConfig.Ulimits", dict(case.config.ulimits))),
        proven=limit is not None,
    )


OF_THREADS = "glibc gives each 8 MiB, musl, as on Alpine, 128 KiB"
LARGER_THREADS = "for threads, pthread_attr_setstacksize or -Wl,-z,stack-size=8388608"


@cause(
    "stack-overflow",
    "the stack is exhausted",
    pattern="memory",
    reads=["logs", "inspect", "rerun"],
    explains=["aborted", "segfault"],
    cured_by=["ulimit stack", "init stack"],
)
def stack_overflow(case: Case) -> Found | None:
    """Find endless recursion, or a small stack ulimit, as any language reports it."""
    match = case.said(
        r"[^\n]*(?:has overflowed its stack|stack overflow|StackOverflowError"
        "|maximum recursion depth exceeded|Maximum call stack size exceeded"
        r"|goroutine stack exceeds|stack level too deep)[^\n]*"
    )
    limit = case.config.ulimits.get("stack", 0)
    is_crash = case.exit_code == SIGNALLED + signal.SIGSEGV
    program = crashed(case) if is_crash else None
    message = kernel_message(case, program) if is_crash else None
    lost = lost_stack(message) if message else None
    seen = case.seen.out_of_stack if is_crash else None
    is_watched = bool(case.seen.trace.processes)
    if match is None and not seen and not lost and not (limit and is_crash and not is_watched):
        return None
    how = "it is used up" if seen or lost else "endless or too deep recursion"
    is_of_thread = lost.of_thread if lost else seen is not None and seen.of_thread
    if is_of_thread:
        how = f"that of a thread is used up ({OF_THREADS})"
    small = f"; its stack is limited to {size(limit)} (ulimit stack)" if limit else ""
    return Found(
        f"the program's stack overflowed: {how}{small}",
        "stop the recursion, keep large arrays on the heap; if it must be deep, raise"
        " --ulimit stack, -Xss or RUST_MIN_STACK" + (f"; {LARGER_THREADS}" if is_of_thread else ""),
        (
            (logged(case, match) if match else ended(case)),
            inspected(case, "HostConfig.Ulimits", dict(case.config.ulimits)),
            *((watched(case, BESIDE_STACK),) if seen else ()),
            *(kernel_words(case, program) if lost else ()),
        ),
        # Where a limit may be too small, a copy without it tells.
        proven=lost is not None and match is None and not limit,
    )


@cause(
    "cpu-starved",
    "the CPU limit throttles the container nearly all of the time",
    pattern="memory",
    reads=["live", "inspect"],
    page="check-resources",
    when=Phase.RUNNING,
    basis=Basis.HINT,
    explains=["check-broken"],
    cured_by=["cpus"],
)
def cpu_starved(case: Case) -> Found | None:
    """Find a container whose CPU limit makes it too slow to answer."""
    held, cpus = case.usage.throttled, case.config.cpus
    unwell = case.state.health is not None and case.state.health.status != "healthy"
    deaf = any(s.waiting for s in case.sockets or ()) or (
        case.config.published and not case.sockets
    )
    if not cpus or held is None or held < 0.6 or not (unwell or deaf):
        return None
    return Found(
        f"its limit of {cpus:g} CPUs (--cpus) throttles it in {held:.0%} of the periods: it"
        " starts and answers too slowly",
        "raise it: docker update --cpus 1",
        (
            live(case, "cat /sys/fs/cgroup/cpu.stat", f"throttled in {held:.0%} of the periods"),
            inspected(case, "HostConfig.NanoCpus", f"{cpus:g}e9"),
        ),
        (f"docker update --cpus 1 {case.target}",),
    )
