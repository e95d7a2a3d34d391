"""Limits of the kernel: queues, semaphores and shared memory, and ulimits that are raised."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, seen
from scaffolder.diagnose.evidence.limits import raised
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call


@dataclass(frozen=True)
class Limit:
    """A limit of the kernel that each container has for itself (namespaces(7), sysctl(8))."""

    text: str
    settings: Mapping[str, str]
    """Those that it is in, and values that are seldom too low."""


QUEUES = Limit(
    "asks for a message queue beyond what the kernel allows",
    {"fs.mqueue.msg_max": "1024", "fs.mqueue.msgsize_max": "65536"},
)
SEMAPHORES = Limit(
    "asks for more semaphores than the kernel allows", {"kernel.sem": "32000 1024000000 500 32000"}
)
SEGMENTS = Limit(
    "asks for more shared memory than the kernel allows",
    {"kernel.shmmax": "17179869184", "kernel.shmall": "4194304", "kernel.shmmni": "4096"},
)
LIMITS = {
    ("mq_open", errno.EINVAL): QUEUES,
    ("mq_open", errno.ENOSPC): Limit(
        "asks for more message queues than the kernel allows", {"fs.mqueue.queues_max": "1024"}
    ),
    ("msgget", errno.ENOSPC): Limit(
        "asks for more message queues than the kernel allows", {"kernel.msgmni": "32000"}
    ),
    ("semget", errno.EINVAL): SEMAPHORES,
    ("semget", errno.ENOSPC): SEMAPHORES,
    ("shmget", errno.EINVAL): SEGMENTS,
    ("shmget", errno.ENOSPC): SEGMENTS,
}
"""A call and its error (mq_open(3), msgget(2), semget(2), shmget(2)) → the limit it has met."""


def limit_of(call: Call) -> Limit | None:
    """Return the limit that a call has met; None if it is none of these."""
    return LIMITS.get((call.name, call.error))


@cause(
    "kernel-limit",
    "a limit of the kernel is too small for what the program asks for",
    pattern="memory",
    reads=["rerun", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["last-call", "disk-full", "config-malformed"],
    cured_by=["sysctl"],
)
def kernel_limit(case: Case) -> Found | None:
    """Find a call that only a limit refuses."""
    call = case.seen.failed_call
    limit = limit_of(call) if call else None
    if call is None or limit is None:
        return None
    known = {name: case.config.sysctls.get(name, "the default") for name in limit.settings}
    first = next(iter(limit.settings))
    return Found(
        f"the program {limit.text} ({', '.join(limit.settings)}), and ends without a message",
        f"ask for less, or raise it for this container: --sysctl {first}=...; its value is in"
        f" /proc/sys/{first.replace('.', '/')}",
        (seen(case, call), inspected(case, "HostConfig.Sysctls", known), ended(case)),
    )


@cause(
    "ulimit-refused",
    "the program raises a limit of its own further than it may",
    pattern="memory",
    reads=["rerun", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["last-call", "capability-missing", "config-malformed"],
    cured_by=["ulimit refused"],
)
def ulimit_refused(case: Case) -> Found | None:
    """Find setrlimit() that wants more than the hard limit, which only a right lifts."""
    call = case.seen.failed_call
    name = raised(call) if call else ""
    if call is None or not name:
        return None
    has = case.config.ulimits.get(name, "the daemon's default")
    return Found(
        f"the program raises its own limit {name} (setrlimit) beyond the container's hard limit,"
        " which it may not, and ends without a message",
        f"raise that: --ulimit {name}=... (soft:hard), or have the program take what it gets",
        (seen(case, call), inspected(case, "HostConfig.Ulimits", f"{name}: {has}"), ended(case)),
    )
