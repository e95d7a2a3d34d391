"""A volume or directory that another container uses at the same time."""

import errno
from collections.abc import Iterator
from posixpath import join, relpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, seen
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

LOCKED = {errno.EAGAIN, errno.EACCES}
LATEST = 20
"""How many of a program's last calls are looked at for a file that is locked."""


@cause(
    "volume-in-use",
    "another container uses the same volume, and keeps this one out of it",
    pattern="environment",
    reads=["rerun", "inspect", "neighbours", "kernel"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["left-over", "last-call", "ends-itself", "said-why"],
)
def volume_in_use(case: Case) -> Found | None:
    """Find who else has what a program opened last, and who holds a lock on it."""
    for call in _touched(case):
        path = call.made or call.object
        mount = mount_around(path, case.config.mounts)
        others = list(_users(case, mount)) if mount else []
        if mount is None or not others:
            continue
        there = join(mount.source, relpath(path, mount.destination))
        held = case.sources.lock_holders(there)
        holder = next((other for other in others if other.identity in held), None)
        if holder:
            return _found(case, call, mount, holder, f"holds a lock on {path}")
        if call == case.seen.lacked:
            return _found(case, call, mount, others[0], "")
    return None


def _touched(case: Case) -> Iterator[Call]:
    """Return how a copy was kept out of a mount, or what of one it opened before it ended."""
    process = case.seen.decider
    first = case.seen.lacked or case.seen.failed_call
    if first and (first.error in {errno.EROFS, *LOCKED}):
        yield first
    elif first is None and process and process.failed:
        late = case.seen.trace.of(process.number)[-LATEST:]
        yield from (call for call in reversed(late) if call.writes and not call.error)


def _users(case: Case, mount: Mount) -> Iterator[Neighbour]:
    """Return the running containers that may write to what a mount shows."""
    for other in case.neighbours:
        same = (m for m in other.mounts if m.writable and m.source and m.source == mount.source)
        if other.status == "running" and any(same):
            yield other


def _found(case: Case, call: Call, mount: Mount, other: Neighbour, how: str) -> Found:
    what = f"the volume {mount.name}" if mount.name else f"the directory {mount.source}"
    path = call.made or call.object
    where = f"{what}, which the running container {other.name} has mounted as well"
    text = (
        f"the container {other.name} {how}, in {what} that both have mounted"
        if how
        else f"the last thing that the program does before it ends is to open {path} to write, in"
        f" {where}: only one may use it, perhaps"
    )
    kept = f"-> {mount.destination}, of {other.name} as well"
    return Found(
        text,
        f"stop the other one first (docker stop {quoted(other.name)}), or give each its own volume",
        (
            inspected(case, "Mounts", f"{mount.name or mount.source} {kept}"),
            *((Evidence("kernel", "cat /proc/locks", f"{other.name} {how}"),) if how else ()),
            *(() if call == case.seen.lacked else (seen(case, call),)),
            ended(case),
        ),
        basis=None if how else Basis.HINT,
    )
