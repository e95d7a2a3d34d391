"""The heap of the virtual machine and its other memory areas."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged
from scaffolder.diagnose.causes.memory.usage import heap, size
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "java-heap",
    "a memory area of the JVM is exhausted",
    pattern="memory",
    reads=["logs", "inspect"],
    when=Phase.DIED | Phase.FINISHED,
    explains=["memory-exhausted"],
    cured_by=["heap"],
)
def java_heap(case: Case) -> Found | None:
    """Find OutOfMemoryError, and heaps that the JVM cannot reserve."""
    match = case.said(
        r"[^\n]*(?:java\.lang\.OutOfMemoryError: (?P<w>[^\n]+)|Could not reserve enough space"
        "|There is insufficient memory for the Java Runtime"
        r"|Terminating due to java\.lang\.OutOfMemoryError)[^\n]*"
    )
    if match is None or (match["w"] and "native thread" in match["w"]):
        return None
    allowed, limit = heap(case), case.config.memory
    at = (
        f" of {size(allowed)} (-Xmx)"
        if allowed
        else " (by default a quarter of the container's memory)"
    )
    return Found(
        f"the Java heap{at} is exhausted: {case.line(match)[:160]}; this is the JVM's limit, not"
        f" the container's ({size(limit) if limit else 'none'})",
        "raise -Xmx (or -XX:MaxRAMPercentage=75), and --memory with it; look for a leak with"
        " a heap dump",
        (logged(case, match), inspected(case, "HostConfig.Memory", limit), ended(case)),
        proven=bool(match["w"]) and bool(allowed),
    )
