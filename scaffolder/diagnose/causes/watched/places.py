"""Devices, sockets and left-over files that a program asks for."""

import errno
from posixpath import dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, ended, inspected, logged, seen
from scaffolder.diagnose.causes.identity.capabilities import adds
from scaffolder.diagnose.causes.identity.denials import DENIED, paths_in
from scaffolder.diagnose.causes.mounts.shared import called, users
from scaffolder.diagnose.causes.variables.files import missing
from scaffolder.diagnose.evidence.files import is_below, is_device, mount_around, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

RIGHTS = {"/dev/net/tun": "NET_ADMIN", "/dev/fuse": "SYS_ADMIN", "/dev/loop-control": "SYS_ADMIN"}
"""What it takes to use a device, besides to open it (TUNSETIFF in tun(4), fuse(4), loop(4))."""
LOCKED = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK}


@cause(
    "device-not-given",
    "the program needs a device that the container was not given",
    pattern="environment",
    reads=["logs", "rerun", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["last-call", "file-missing", "file-closed", "secret-missing"],
)
def device_not_given(case: Case) -> Found | None:
    """Find /dev/... that is missing or refused, by a call or by what is said of it."""
    call, lost = case.seen.failed_call, missing(case)
    if call and is_device(call.path):
        path, reason, shown, is_sure = call.path, call.reason, seen(case, call), False
    elif lost and is_device(lost.path):
        path, reason, shown, is_sure = lost.path, "no such device", lost.shown, lost.is_sure
    elif match := case.said(rf"[^\n]*(?:{DENIED})[^\n]*"):
        path = next((p for p in reversed(paths_in(case.line(match))) if is_device(p)), "")
        reason, shown, is_sure = "permission denied", logged(case, match), False
    else:
        return None
    if not path:
        return None
    option = f"--device={quoted(path)}"
    group = f"--group-add $(stat -c %g {quoted(path)})"
    is_given = any(is_below(path, device) for device in case.config.devices)
    right = next((right for device, right in RIGHTS.items() if is_below(path, device)), "")
    if is_given and right and not adds(case, right) and case.identity.uid == 0:
        return Found(
            f"the program uses the device {path}, which the container has; what it asks of it takes"
            f" CAP_{right}, which the container does not have",
            f"give it: --cap-add {right}",
            (
                inspected(case, "HostConfig.Devices", list(case.config.devices)),
                inspected(case, "HostConfig.CapAdd", list(case.config.capabilities_added)),
            ),
            (f"docker run --device={quoted(path)} --cap-add {right} ... {case.config.image}",),
        )
    return Found(
        f"the program needs the device {path}: {reason}",
        f"it has the device: let the user open it, by its group on the host ({group})"
        if is_given
        else f"give it: {option} (and its group, {group}, where the user is not root), or switch"
        " off what needs it",
        (shown, inspected(case, "HostConfig.Devices", list(case.config.devices))),
        (f"docker run {group if is_given else option} ... {case.config.image}",),
        proven=is_sure and not is_given,
    )


@cause(
    "socket-missing",
    "a Unix socket that the program connects to is not there",
    pattern="network",
    reads=["rerun", "files"],
    when=Phase.ENDED,
    explains=["last-call", "file-missing", "file-closed"],
)
def socket_missing(case: Case) -> Found | None:
    """Find a failed connection to a Unix socket, such as Docker's or a database's."""
    call = case.seen.failed_call
    if call is None or call.name != "connect" or call.port or not call.address:
        return None
    if found := _in_shared(case, call):
        return found
    return Found(
        f"the program connects to the Unix socket {call.address}: {call.reason}; what should listen"
        " there does not run in this container",
        f"mount the directory of the socket (-v), or use the service's host and port instead of"
        f" {call.address}",
        (seen(case, call), copied(case, call.address, call.reason)),
        basis=None if call.address.startswith("/") else Basis.INFERRED,
    )


def _in_shared(case: Case, call: Call) -> Found | None:
    """Answer for a socket in a mount that a neighbour has as well: copies do not get sockets."""
    mount = mount_around(call.address, case.config.mounts)
    other = next(users(case, mount), None) if mount and call.error == errno.ENOENT else None
    if mount is None or other is None:
        return None
    look = f"docker exec {quoted(other.name)} ls -ln {quoted(dirname(call.address))}"
    return Found(
        f"the program ends over the Unix socket {call.address}, in {called(mount)} that the"
        f" container {other.name} has mounted as well and runs: nobody listens there, or"
        f" {case.identity.words} may not connect (permission denied: that takes the right to write"
        " to the socket)",
        f"see who owns it, and its mode ({look}); give both the same user or group, and the socket"
        " a mode that lets it write (unixsocketperm 770, UMask)",
        (
            seen(case, call),
            inspected(case, "Mounts", f"{mount.name or mount.source} -> {mount.destination}"),
            Evidence("neighbours", f"docker inspect {quoted(other.name)}", other.status),
        ),
        (look,),
        basis=Basis.INFERRED,
    )


@cause(
    "directory-for-file",
    "a directory is where the program reads a file",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    explains=["last-call", "said-why", "config-malformed", "python-exception", "node-error"],
)
def directory_for_file(case: Case) -> Found | None:
    """Find what a copy ended over as it is a directory (EISDIR), in no mount."""
    call = case.seen.failed_call
    if call is None or call.error != errno.EISDIR:
        return None
    path = call.path or call.object
    entry = resolved(case.files, path)
    if entry is None or entry.kind != "directory" or mount_around(path, case.config.mounts):
        return None
    by = next((name for name, value in case.config.env.items() if value == path), "")
    named = f", which {by} names," if by else ""
    return Found(
        f"{path}{named} is a directory, and the program opens it as a file",
        f"put a file there (COPY makes a directory of a name that ends with /), or name one in it"
        f"{f': {by}={path}/...' if by else ''}",
        (seen(case, call), copied(case, path, "directory"), ended(case)),
    )


@cause(
    "left-over",
    "a lock, such as a pid file, is left over from before",
    pattern="environment",
    reads=["rerun", "files", "changes"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["last-call"],
    cured_by=["left-over"],
)
def left_over(case: Case) -> Found | None:
    """Find a file that must not exist, or a lock that somebody else holds."""
    call = case.seen.failed_call
    if call is None:
        return None
    if call.error == errno.EEXIST and call.insists:
        there = resolved(case.image_files, call.path)
        where = "in the image" if there else "not in the image: made since"
        return Found(
            f"{call.path} exists already ({where}), and the program insists on making it: it"
            " takes it for that of a running instance",
            f"remove it at the start (rm -f {quoted(call.path)} before exec), keep it out of the"
            " image (.dockerignore), or put it on a --tmpfs",
            (seen(case, call), copied(case, call.path, "exists")),
        )
    if call.error in LOCKED and call.name in ("flock", "fcntl"):
        return Found(
            f"another process holds the lock of {call.object or 'a file'}",
            "start it only once for each volume, or give each its own directory",
            (seen(case, call),),
            basis=Basis.INFERRED,
        )
    return None
