"""A volume or directory that another container uses at the same time."""

import errno
import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename, join, normpath, relpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, live, seen
from scaffolder.diagnose.causes.health.checks import failing
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.causes.silence.readings import readings
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Locked, Neighbour
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

LOCKED = {errno.EAGAIN, errno.EACCES}
TAKES_TURNS = re.compile(r"(?:\S*/)?flock(?: |$)")
MEANT = "if it is to wait until the other one ends, let it log that it does"
LATEST = 20
"""How many of a program's last calls are looked at for a file that is locked."""


@cause(
    "volume-in-use",
    "another container uses the same volume, and keeps this one out of it",
    pattern="environment",
    reads=["rerun", "inspect", "neighbours", "kernel", "live"],
    page="check-files-and-dependencies",
    when=Phase.ENDED | Phase.RUNNING,
    explains=[
        "left-over", "last-call", "ends-itself", "said-why", "not-listening", "check-broken",
        "check-timeout", "check-too-early",
    ],
    cured_by=["left-over"],
)  # fmt: skip
def volume_in_use(case: Case) -> Found | None:
    """Find who else has what a program opened last or has open, and who holds a lock on it."""
    if case.phase == Phase.RUNNING:
        return _kept_waiting(case)
    for call in _touched(case):
        path = call.made or call.object
        mount = mount_around(path, case.config.mounts)
        others = list(users(case, mount)) if mount else []
        if mount is None or not others:
            continue
        there = join(mount.source, relpath(path, mount.destination))
        held = case.sources.lock_holders(there)
        holder = next((other for other in others if other.identity in held), None)
        if holder:
            how = f"{holder.name} holds a lock on {path}"
            text = f"the container {how}, in {called(mount)} that both have mounted"
            opened = () if call == case.seen.lacked else (seen(case, call),)
            shown = (_of_kernel(how), *opened, ended(case))
            return _found(case, text, mount, holder, shown)
        if call == case.seen.lacked:
            text = (
                "the last thing that the program does before it ends is to open"
                f" {path} to write, in {called(mount)}, which the running container"
                f" {others[0].name} has mounted as well: only one may use it, perhaps"
            )
            hint = _found(case, text, mount, others[0], (ended(case),))
            return replace(hint, basis=Basis.HINT)
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


def _kept_waiting(case: Case) -> Found | None:
    """Find who holds a lock on a file that a container has open which does not do its work.

    One that listens has got over its start: it waits for a lock only if the kernel says so. So does
    one of which nobody expects a port, if it has never said anything.
    """
    idle = case.state.health is None and not case.sockets
    is_missed = failing(case) or (idle and wanted(case))
    if not is_missed and not (idle and _does_nothing(case)):
        return None
    for kept, holder, mount, path in _kept(case):
        if not kept.is_awaited and (case.sockets or not is_missed):
            continue
        if not is_missed and holder.image == case.config.image:
            continue  # one of two that do the same stands by
        waits = "waits" if kept.is_open else "waits, as it seems,"
        text = (
            f"the program {waits} for a lock on {path}: the running container {holder.name} holds"
            f" it, in {called(mount)} that both have mounted"
        )
        opened = (live(case, "ls -l /proc/1/fd", f"-> {path}"),) if kept.is_open else ()
        shown = (_of_kernel(f"{holder.name} holds a lock on {path}"), *opened)
        found = _found(case, text, mount, holder, shown)
        return found if is_missed else replace(found, fix=f"{found.fix}; {MEANT}")
    return None


def awaited_lock(case: Case) -> tuple[str, Evidence] | None:
    """Say for which lock a container waits that another one holds, as the kernel lists it.

    A standby is meant to, and so are those that take turns: by itself that is no fault. One that
    asks again and again, as SQLite does, is in no list, and has the file open.
    """
    locks = sorted(_kept(case), key=lambda found: not found[0].is_awaited)
    for kept, holder, _mount, path in locks:
        how = f"{holder.name} holds a lock on {path}"
        if kept.is_awaited:
            return f"waits for a lock on {path}, which {holder.name} holds", _of_kernel(how)
        if kept.is_open:
            words = f"has {path} open, on which {holder.name} holds a lock: it may wait for that"
            return words, _of_kernel(how)
    return None


def _kept(case: Case) -> Iterator[tuple[Locked, Neighbour, Mount, str]]:
    """Yield what running containers keep locked of what both have mounted, and its path here."""
    for kept in case.sources.locked(case.processes or ()):
        holder = next((other for other in case.neighbours if other.identity == kept.holder), None)
        mount, path = _here(case, kept, holder) if holder else (None, "")
        if holder and mount and holder in users(case, mount):
            yield kept, holder, mount, path


def _does_nothing(case: Case) -> bool:
    """Tell whether a container has said nothing, and is not one that is told to wait by flock(1).

    A standby tells that it waits, and what several take in turns they take with flock.
    """
    running = case.processes or ()
    works = any(p.state.startswith("R") or TAKES_TURNS.match(p.command) for p in running)
    return case.is_silent and not case.other_sockets and not works


def _here(case: Case, kept: Locked, holder: Neighbour) -> tuple[Mount | None, str]:
    """Return in which mount a file is that is locked, and its path.

    One that the container does not have open at this moment is named by its settings or scripts.
    """
    if kept.is_open:
        return mount_around(kept.path, case.config.mounts), kept.path
    theirs = mount_around(kept.path, holder.mounts)
    mount = next((m for m in case.config.mounts if theirs and m.source == theirs.source), None)
    if theirs is None or mount is None:
        return None, ""
    path = normpath(join(mount.destination, relpath(kept.path, theirs.destination)))
    scripts = [item.script.text for item in case.launched if item.script]
    texts = [*case.config.env.values(), *case.config.argv, *scripts]
    texts += [script.text for script, _reading in readings(case)]
    return (mount, path) if any(basename(path) in text for text in texts) else (None, "")


def users(case: Case, mount: Mount) -> Iterator[Neighbour]:
    """Return the running containers that may write to what a mount shows."""
    for other in case.neighbours:
        same = (m for m in other.mounts if m.writable and m.source and m.source == mount.source)
        if other.status == "running" and any(same):
            yield other


def called(mount: Mount) -> str:
    """Return what to call a mount in a sentence."""
    return f"the volume {mount.name}" if mount.name else f"the directory {mount.source}"


def _of_kernel(how: str) -> Evidence:
    return Evidence("kernel", "cat /proc/locks", how)


def _found(
    case: Case, text: str, mount: Mount, other: Neighbour, shown: tuple[Evidence, ...]
) -> Found:
    kept = f"-> {mount.destination}, of {other.name} as well"
    return Found(
        text,
        f"stop the other one first (docker stop {quoted(other.name)}), or give each its own volume",
        (inspected(case, "Mounts", f"{mount.name or mount.source} {kept}"), *shown),
    )
