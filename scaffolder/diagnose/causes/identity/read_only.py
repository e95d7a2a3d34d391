"""A read-only root filesystem."""

import errno

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged, seen
from scaffolder.diagnose.evidence.files import is_below
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

from .denials import READ_ONLY, is_writable_mount, paths_in, place_for, relative_in


@cause(
    "read-only-root",
    "the root filesystem is read-only, and the program writes to it",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-closed", "file-missing"],
    cured_by=["writable"],
)
def read_only_root(case: Case) -> Found | None:
    """Find, in the log, a write that --read-only or a :ro mount refused."""
    match = case.said(READ_ONLY)
    if match is None:
        return _unsaid(case)
    line = case.line(match)
    refused = _refused(case)  # where no message names it
    path = next(reversed(paths_in(line)), "") or (refused.made if refused else "")
    path = path or relative_in(case, line)
    mounts = [m for m in case.config.mounts if not m.writable and path.startswith(m.destination)]
    place = next((t for t in case.config.tmpfs if is_below(path, t)), "")
    if place and not case.config.read_only:
        options = case.config.tmpfs[place]
        return Found(
            f"{place} is mounted read-only (--tmpfs {place}:{options}), and the program writes to"
            f" {path} in it",
            f"mount {place} without ro",
            (logged(case, match), inspected(case, "HostConfig.Tmpfs", f"{place}: {options}")),
        )
    if mounts:
        where = f"{mounts[0].destination} is mounted read-only (:ro)"
        return Found(
            f"{where}, and the program writes to {path} in it",
            f"mount {mounts[0].destination} without :ro",
            (logged(case, match), inspected(case, "Mounts", f"{mounts[0].destination}, RW false")),
            proven=True,
        )
    if is_writable_mount(case, path):
        return None
    if path and not case.config.read_only:
        return Found(
            f"the program cannot write to {path}, which is on a read-only file system, although the"
            " container's own is none (no --read-only)",
            f"mount a volume or a --tmpfs over the directory of {path}; or see whether the disk of"
            " the host has been mounted anew, read-only, after an error (dmesg)",
            (logged(case, match), inspected(case, "HostConfig.ReadonlyRootfs", "false")),
        )
    return Found(
        "the root filesystem is read-only (--read-only), and the program cannot write to"
        f" {path or 'it'}",
        f"{place_for(case, path)}, or drop --read-only",
        (
            logged(case, match),
            inspected(case, "HostConfig.ReadonlyRootfs", str(case.config.read_only).lower()),
        ),
        proven=case.config.read_only,
    )


def _unsaid(case: Case) -> Found | None:
    """Find what a copy could not write to, where the program calls that otherwise."""
    call = _refused(case)
    if call is None or not case.config.read_only or is_writable_mount(case, call.made):
        return None
    return Found(
        "the root filesystem is read-only (--read-only), and the program cannot write to"
        f" {call.made}",
        f"{place_for(case, call.made)}, or drop --read-only",
        (seen(case, call), inspected(case, "HostConfig.ReadonlyRootfs", "true")),
        basis=Basis.INFERRED,
    )


def _refused(case: Case) -> Call | None:
    """Return the last call of a copy that a read-only place refused."""
    calls = reversed(case.seen.trace.calls)
    return next((call for call in calls if call.error == errno.EROFS and call.made), None)
