"""A mount point that a program wants to replace, or to remove, as it could a file of its own."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, seen
from scaffolder.diagnose.evidence.phase import Phase

CHANGES = re.compile(r"rename|unlink|rmdir")


@cause(
    "mount-replaced",
    "the program replaces a file that is a mount of its own",
    pattern="environment",
    reads=["rerun", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    basis=Basis.NAMED,
    explains=["database-corrupt", "last-call"],
)
def mount_replaced(case: Case) -> Found | None:
    """Find EBUSY of rename(2) or unlink(2) for the path of a mount."""
    call = case.seen.failed_call
    if call is None or call.error != errno.EBUSY or not CHANGES.match(call.name):
        return None
    paths = (call.path, call.other)
    mount = next((m for m in case.config.all_mounts if m.destination in paths), None)
    if mount is None:
        return None
    does = "moves another file to" if call.name.startswith("rename") else "removes"
    return Found(
        f"the program {does} {mount.destination}, which is a mount of its own, and cannot be"
        " replaced: device or resource busy",
        f"mount the directory of {mount.destination} instead of the file alone, or have the program"
        " write into the file",
        (
            seen(case, call),
            inspected(case, "Mounts", f"{mount.source or mount.kind} -> {mount.destination}"),
            ended(case),
        ),
    )
