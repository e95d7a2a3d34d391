"""Mounts of which each is where the other one belongs."""

import errno
from posixpath import join, relpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, seen
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.files import is_below, mount_around
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

OF_DATA = ("bind", "volume")


@cause(
    "mounts-swapped",
    "a file is not in the mount where the program needs it, but in another one",
    pattern="environment",
    reads=["rerun", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "last-call", "said-why"],
    cured_by=["swapped"],
)
def mounts_swapped(case: Case) -> Found | None:
    """Find what a program lacks in one mount, at the same place of another mount."""
    call, pair = case.seen.failed_call, swapped(case)
    if call is None or pair is None:
        return None
    here, there = pair
    has = join(there.destination, relpath(call.path, here.destination))
    words = [f"{mount.called or mount.source} -> {mount.destination}" for mount in pair]
    return Found(
        f"the program needs {call.path}: {_named(here)}, which is mounted there, lacks it, and"
        f" {_named(there)}, which is mounted at {there.destination}, has it: they seem"
        " to be swapped",
        f"swap them: {options(here, there)}",
        (
            seen(case, call),
            copied(case, call.path, "no such file"),
            copied(case, has, "exists"),
            inspected(case, "Mounts", ", ".join(words)),
        ),
    )


def swapped(case: Case) -> tuple[Mount, Mount] | None:
    """Return the mount in which a file is missing that a program ended over, and the one with it.

    That is where both are for data, and neither is within the other.
    """
    call = case.seen.failed_call
    here = mount_around(call.path, case.config.mounts) if call and _is_read(call) else None
    if call is None or here is None or here.kind not in OF_DATA or case.has(call.path):
        return None
    inside = relpath(call.path, here.destination)
    for there in case.config.mounts:
        ends = (there.destination, here.destination)
        is_apart = not is_below(*ends) and not is_below(*reversed(ends))
        if there.kind not in OF_DATA or not is_apart or inside == ".":
            continue
        if case.has(join(there.destination, inside)):
            return here, there
    return None


def _is_read(call: Call) -> bool:
    return call.error == errno.ENOENT and bool(call.path) and not call.creates and not call.other


def options(here: Mount, there: Mount) -> str:
    """Return the options with which two mounts are each in the place of the other."""
    ways = ((here, there), (there, here))
    return " ".join(
        f"-v {quoted(mount.name or mount.source)}:{quoted(other.destination)}"
        f"{'' if mount.writable else ':ro'}"
        for mount, other in ways
    )


def _named(mount: Mount) -> str:
    return f"the volume {mount.called}" if mount.name else f"the mount of {mount.source}"
